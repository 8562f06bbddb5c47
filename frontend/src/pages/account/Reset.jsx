/** Setting a new password, from the link in the mail. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Reset() {
  return (
    <section class="page">
      <PageHeading title="Set a new password" />
    </section>
  );
}
