/** One release of the dataset. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Release() {
  return (
    <section class="page">
      <PageHeading title="Release" />
    </section>
  );
}
