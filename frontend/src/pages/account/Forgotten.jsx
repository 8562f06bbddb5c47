/** Asking for a link to set a new password. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Forgotten() {
  return (
    <section class="page">
      <PageHeading title="Reset your password" />
    </section>
  );
}
