/** There is nothing at this address. */
import { PageHeading } from '../shared/PageHeading.jsx';

export default function NotFound() {
  return (
    <section class="page page-narrow">
      <PageHeading title="This page does not exist" />
      <p>The address may be incomplete, or the page may have moved.</p>
      <p>
        <a href="#/">Screen a recording</a> or <a href="#/dataset">see the dataset</a>.
      </p>
    </section>
  );
}
