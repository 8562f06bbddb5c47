/** The accounts and their roles. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function People() {
  return (
    <section class="page">
      <PageHeading title="People" />
    </section>
  );
}
