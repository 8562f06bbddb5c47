/** How many recordings there are of each class and probe, as in Table 1 of the paper. */
import { TableWrap } from '../shared/TableWrap.jsx';
import { LABELS, nameOf } from '../shared/terms.js';

/** @typedef {import('../api/dataset.js').Counts} Counts */

/** @type {readonly (keyof Counts)[]} */
const KINDS = ['videos', 'images', 'frames'];

/** @type {readonly ('convex' | 'linear')[]} */
const PROBES = ['convex', 'linear'];

/** @param {{summary: import('../api/dataset.js').Summary}} props */
export function Table1({ summary }) {
  const main = ['covid19', 'pneumonia', 'healthy'];
  const rows = summary.classes.filter(
    ({ label, convex, linear }) => main.includes(label) || count(convex) + count(linear) > 0,
  );
  const sum = (/** @type {'convex' | 'linear'} */ probe, /** @type {keyof Counts} */ kind) =>
    rows.reduce((total, row) => total + row[probe][kind], 0);
  return (
    <TableWrap label="Recordings by class and probe">
      <table class="table table-1">
        <caption class="unseen">Recordings by class and probe</caption>
        <thead>
          <tr>
            <td />
            <th scope="colgroup" colSpan={3} class="number">
              Convex probe
            </th>
            <th scope="colgroup" colSpan={3} class="number">
              Linear probe
            </th>
          </tr>
          <tr>
            <th scope="col">Class</th>
            {PROBES.flatMap((probe) =>
              KINDS.map((kind) => (
                <th key={probe + kind} scope="col" class="number">
                  {kind}
                </th>
              )),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.label}>
              <th scope="row">
                <i class={`dot class-${row.label}`} />{' '}
                <span class="whole">{nameOf(LABELS, row.label)}</span>
              </th>
              {PROBES.flatMap((probe) =>
                KINDS.map((kind) => (
                  <td key={probe + kind} class="number">
                    {row[probe][kind]}
                  </td>
                )),
              )}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All</th>
            {PROBES.flatMap((probe) =>
              KINDS.map((kind) => (
                <td key={probe + kind} class="number">
                  {sum(probe, kind)}
                </td>
              )),
            )}
          </tr>
        </tfoot>
      </table>
    </TableWrap>
  );
}

/** @param {Counts} counts */
const count = ({ videos, images }) => videos + images;
