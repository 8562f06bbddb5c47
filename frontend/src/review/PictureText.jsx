/** Text found in the pictures of a recording, for its reviewer to mask or to keep. */
import { TextDecisions, withDecision } from '../shared/TextOverlay.jsx';

/**
 * The boxes as the reviewer's draft has them.
 * @param {import('../api/reviews.js').Contribution} contribution
 * @param {import('./drafts.js').Draft} draft
 * @returns {import('../shared/TextOverlay.jsx').TextBox[]}
 */
export const textBoxes = (contribution, draft) =>
  (contribution.text_boxes ?? []).map((box, n) => {
    const decision = draft.text[n];
    return decision ? withDecision(box, decision) : box;
  });

/**
 * @param {{
 *   contribution: import('../api/reviews.js').Contribution,
 *   draft: import('./drafts.js').Draft,
 *   settled: boolean,
 *   onDraft: (changes: Partial<import('./drafts.js').Draft>) => void,
 * }} props `settled`: the verdict is given
 */
export function PictureText({ contribution, draft, settled, onDraft }) {
  const boxes = textBoxes(contribution, draft);
  if (boxes.length === 0) return null;
  return (
    <section class="card" aria-labelledby="picture-text-title">
      <h2 id="picture-text-title">Text in the picture</h2>
      <p class="hint">
        What is masked is black in every picture of the dataset, for good. The search may miss some:
        look at the contact sheet.
      </p>
      <TextDecisions
        boxes={boxes}
        disabled={settled}
        onDecide={(place, decision) => onDraft({ text: { ...draft.text, [place]: decision } })}
      />
    </section>
  );
}
