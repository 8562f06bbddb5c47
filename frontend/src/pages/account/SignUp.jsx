/** Creating an account. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function SignUp() {
  return (
    <section class="page">
      <PageHeading title="Create an account" />
    </section>
  );
}
