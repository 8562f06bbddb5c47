/** A contributor's submissions. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Contribute() {
  return (
    <section class="page">
      <PageHeading title="Contribute" />
    </section>
  );
}
