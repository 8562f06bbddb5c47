/** The answer: the recording's class, the frames behind it, and what can be done with it. */
import { useState } from 'preact/hooks';
import { classified, countedFrames } from '../shared/outcome.js';
import { Answer } from './Answer.jsx';
import { FrameView } from './FrameView.jsx';
import { NotAnswered } from './NotAnswered.jsx';
import { layersOf, showAlone } from '../shared/overlay.js';
import { ResultActions } from './ResultActions.jsx';
import { Signs } from '../shared/Signs.jsx';
import { TimeLine } from './TimeLine.jsx';

/** @param {{item: import('./items.js').Item}} props */
export function ResultView({ item }) {
  const { screening } = item;
  const [at, setAt] = useState(() => mostTypical(screening?.result ?? null));
  const [playing, setPlaying] = useState(false);
  const result = screening?.result;
  if (!screening || !result) return null;
  const answer = classified(result);
  const toggle = () => setPlaying(!playing);
  const shared = { screening, result, at, onStep: setAt, onToggle: toggle };
  return (
    <div class="result">
      <div class="result-top">
        {answer ? (
          <Answer result={answer} probe={screening.probe} />
        ) : (
          <NotAnswered item={item} screening={screening} result={result} />
        )}
        <FrameView {...shared} playing={playing} />
        {answer && (
          <Signs
            result={result}
            frames={countedFrames(answer).length}
            onShow={layersOf(screening).length > 0 ? showAlone : undefined}
          />
        )}
      </div>
      {result.frames.length > 1 && <TimeLine {...shared} />}
      <ResultActions item={item} result={result} />
    </div>
  );
}

/**
 * The frame that speaks most clearly for the answer is shown first.
 * @param {import('../api/screenings.js').Result | null} result
 */
function mostTypical(result) {
  const answer = classified(result);
  if (!answer) return 0;
  const counted = countedFrames(answer);
  const shares = counted.map(({ probabilities }) => probabilities[answer.label]);
  const best = counted[shares.indexOf(Math.max(...shares))];
  return Math.max(0, answer.frames.indexOf(best));
}
