/** One recording being read: the player, what the contributor says, and the verdict on it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { useShortcuts } from '../shared/useShortcuts.js';
import { VerdictOutcome } from './VerdictOutcome.jsx';
import { CinePlayer } from './CinePlayer.jsx';
import { ClaimStatus } from './ClaimStatus.jsx';
import { ContactSheet } from './ContactSheet.jsx';
import { draftOf, saveDraft } from './drafts.js';
import { durationOf } from './playback.js';
import { playerKeys, readingKeys } from './readingKeys.js';
import { PictureText } from './PictureText.jsx';
import { ContributorEntries } from './ContributorEntries.jsx';
import { overlayKeys } from '../shared/overlay.js';
import { useCine } from './useCine.js';
import { useModelSigns } from './useModelSigns.js';
import { useClaim } from './useClaim.js';
import { useViewSettings } from './useViewSettings.js';
import { usePlayer } from './usePlayer.js';
import { useVerdict } from './useVerdict.js';
import { VerdictForm } from './VerdictForm.jsx';

/**
 * @param {{
 *   contribution: import('../api/reviews.js').Contribution,
 *   given: import('./drafts.js').Given | null,
 *   problem: string | null,
 *   onGiven: (given: import('./drafts.js').Given) => void,
 *   onNext: () => void,
 *   onSkip: () => void,
 *   onUndo: () => void,
 * }} props `given` once the verdict on it is out; `problem` of the next step, or of the undo
 */
export function Reading({ contribution, given, problem, onGiven, onNext, onSkip, onUndo }) {
  const { id } = contribution;
  const [draft, setDraft] = useState(() => draftOf(contribution));
  const [rejecting, setRejecting] = useState(false);
  const cine = useCine(id);
  const part = { from: draft.trimStart ?? 0, to: draft.trimEnd ?? durationOf(cine.times) };
  const player = usePlayer(cine.times, part);
  const view = useViewSettings();
  const claim = useClaim(id, contribution.claimed_until ?? null, given === null);
  const verdict = useVerdict({
    contribution,
    draft,
    onGiven(verdictGiven) {
      setRejecting(false);
      onGiven(verdictGiven);
    },
  });
  /** @param {Partial<import('./drafts.js').Draft>} changes */
  function change(changes) {
    if (given) return; // what was said stays as it was said
    const next = withOrderedTrim({ ...draft, ...changes });
    setDraft(next);
    saveDraft(id, next);
    if (changes.label !== undefined || changes.unmarked !== undefined) announceChange(changes);
  }
  usePlayOnce(cine, player);
  const controls = {
    player,
    view,
    rejecting,
    times: cine.times,
    draft,
    change,
    give: (
      /** @type {import('../api/reviews.js').Verdict} */ kind,
      /** @type {import('../api/reviews.js').Reason | undefined} */ reason,
    ) => void verdict.give(kind, reason),
    reject: setRejecting,
    skip: onSkip,
  };
  const decidedKeys = [
    { key: 'n', description: 'Next recording', run: onNext },
    { key: 'z', description: 'Take the verdict back', run: onUndo },
  ];
  useShortcuts('Verdict', given ? decidedKeys : readingKeys(controls));
  useShortcuts('Player', cine.times.length > 0 ? playerKeys(controls, given !== null) : []);
  const seen = useModelSigns(given, cine.times[player.at] ?? 0);
  useShortcuts('What the model sees', seen ? overlayKeys(seen.layers) : []);
  return (
    <div class="reading">
      <div class="reading-left">
        <CinePlayer
          contribution={contribution}
          cine={cine}
          player={player}
          view={view}
          draft={draft}
          onDraft={change}
          seen={seen}
        />
        <PictureText
          contribution={contribution}
          draft={draft}
          settled={given !== null}
          onDraft={change}
        />
        <ContactSheet
          key={id}
          id={id}
          one={contribution.kind === 'image'}
          ready={cine.times.length > 0}
          ticked={draft.unmarked}
          settled={given !== null}
          missing={verdict.missing === 'tick' && !draft.unmarked}
          onTick={(unmarked) => change({ unmarked })}
        />
      </div>
      <div class="reading-right">
        {!given && <ClaimStatus claim={claim} />}
        <ContributorEntries contribution={contribution} />
        {verdict.problem && (
          <p class="notice notice-problem" role="alert">
            {verdict.problem.detail} Your entries are kept here.
          </p>
        )}
        {given ? (
          <VerdictOutcome given={given} problem={problem} onNext={onNext} onUndo={onUndo} />
        ) : (
          <VerdictForm
            contribution={contribution}
            draft={draft}
            missing={verdict.missing}
            sending={verdict.sending}
            rejecting={rejecting}
            onDraft={change}
            onApprove={() => controls.give('approve', undefined)}
            onReject={() => setRejecting(true)}
            onReason={(reason) => controls.give('reject', reason)}
            onCancel={() => setRejecting(false)}
            onRequestChanges={() => controls.give('request_changes', undefined)}
            onAgain={verdict.again}
          />
        )}
      </div>
    </div>
  );
}

/**
 * Begin to play when all frames are there, unless the system asks for less motion.
 * @param {import('./useCine.js').Loaded} cine
 * @param {import('./usePlayer.js').Player} player
 */
function usePlayOnce({ times, done }, player) {
  const played = useRef(false);
  const complete = times.length > 1 && done === times.length;
  useEffect(() => {
    if (!complete || played.current) return;
    played.current = true;
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) player.play();
  }, [complete, player]);
}

/**
 * The part that is kept ends after it begins: what was set last gives way to nothing else.
 * @param {import('./drafts.js').Draft} draft
 */
function withOrderedTrim(draft) {
  const { trimStart, trimEnd } = draft;
  if (trimStart === null || trimEnd === null || trimStart < trimEnd) return draft;
  return { ...draft, trimEnd: null };
}

/** @param {Partial<import('./drafts.js').Draft>} changes */
function announceChange({ unmarked, label }) {
  if (unmarked !== undefined) announce(unmarked ? 'Ticked: nothing identifying' : 'Not ticked');
  else if (label) announce(`Label set`);
}
