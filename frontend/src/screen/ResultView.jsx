/** The answer: the recording's class, the frames behind it, and what can be done with it. */
import { useState } from 'preact/hooks';
import { Answer } from './Answer.jsx';
import { FrameView } from './FrameView.jsx';
import { ResultActions } from './ResultActions.jsx';
import { TimeLine } from './TimeLine.jsx';

/** @param {{item: import('./items.js').Item}} props */
export function ResultView({ item }) {
  const { screening } = item;
  const [at, setAt] = useState(() => mostTypical(screening?.result ?? null));
  const [playing, setPlaying] = useState(false);
  const result = screening?.result;
  if (!screening || !result) return null;
  const toggle = () => setPlaying(!playing);
  const shared = { screening, result, at, onStep: setAt, onToggle: toggle };
  return (
    <div class="result">
      <div class="result-top">
        <Answer result={result} />
        <FrameView {...shared} playing={playing} />
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
  if (!result) return 0;
  const shares = result.frames.map(({ probabilities }) => probabilities[result.label]);
  return shares.indexOf(Math.max(...shares));
}
