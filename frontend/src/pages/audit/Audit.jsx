/** Who did what, and when. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Audit() {
  return (
    <section class="page">
      <PageHeading title="Audit" />
    </section>
  );
}
