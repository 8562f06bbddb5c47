/** Reviewing recordings. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Review() {
  return (
    <section class="page">
      <PageHeading title="Review" />
    </section>
  );
}
