/** The releases of the dataset. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Dataset() {
  return (
    <section class="page">
      <PageHeading title="Dataset" />
    </section>
  );
}
