/** One submission: its files, what is said about them, and what became of them. */
import { PageHeading } from '../../parts/PageHeading.jsx';

export default function Submission() {
  return (
    <section class="page">
      <PageHeading title="Submission" />
    </section>
  );
}
