/** Trainings and the models that came out of them. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Models() {
  return (
    <section class="page">
      <PageHeading title="Models" />
    </section>
  );
}
