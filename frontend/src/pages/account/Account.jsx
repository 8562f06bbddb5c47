/** The person's profile, password and API tokens. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Account() {
  return (
    <section class="page">
      <PageHeading title="Account" />
    </section>
  );
}
