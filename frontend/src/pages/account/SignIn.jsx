/** Signing in. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function SignIn() {
  return (
    <section class="page">
      <PageHeading title="Sign in" />
    </section>
  );
}
