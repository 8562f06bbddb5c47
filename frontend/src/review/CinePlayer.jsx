/** The player: the cine with its square, how it is played, and the part that is kept. */
import { Icon } from '../shared/Icon.jsx';
import { ProgressBar } from '../shared/ProgressBar.jsx';
import { OverlayControls } from '../shared/OverlayControls.jsx';
import { SignOverlay } from '../shared/SignOverlay.jsx';
import { CineView } from './CineView.jsx';
import { TrimBar } from './TrimBar.jsx';
import { textBoxes } from './PictureText.jsx';
import { TextOverlay } from '../shared/TextOverlay.jsx';

/**
 * @param {{
 *   contribution: import('../api/reviews.js').Contribution,
 *   cine: import('./useCine.js').Loaded,
 *   player: import('./usePlayer.js').Player,
 *   view: import('./useViewSettings.js').ViewSettings,
 *   draft: import('./drafts.js').Draft,
 *   onDraft: (changes: Partial<import('./drafts.js').Draft>) => void,
 *   seen: import('./useModelSigns.js').ModelSigns | null,
 * }} props `seen` what the model sees, once the verdict is given
 */
export function CinePlayer({ contribution, cine, player, view, draft, onDraft, seen }) {
  const { times, images, done, failed } = cine;
  const several = times.length > 1;
  return (
    <figure class="stage cine" aria-label="Player">
      <CineView
        contribution={contribution}
        image={nearest(images, player.at)}
        square={draft.square}
        brightness={view.brightness}
        enlarged={view.enlarged}
        onSquare={(square) => onDraft({ square })}
        overlay={<TextOverlay boxes={textBoxes(contribution, draft)} picture={contribution} />}
      >
        {seen?.on && <SignOverlay {...seen} />}
      </CineView>
      {failed && (
        <p class="cine-news" role="alert">
          {failed} Reload the page to try again.
        </p>
      )}
      {!failed && (times.length === 0 || done < times.length) && (
        <div class="cine-news">
          <ProgressBar
            label="Frames of the recording"
            share={times.length ? done / times.length : null}
          />
          <p>
            {times.length ? `${done} of ${times.length} frames` : 'The frames are being prepared'}
          </p>
        </div>
      )}
      <figcaption>
        {several && (
          <TrimBar
            times={times}
            at={player.at}
            start={draft.trimStart}
            end={draft.trimEnd}
            onSeek={player.seek}
            onStart={(trimStart) => onDraft({ trimStart })}
            onEnd={(trimEnd) => onDraft({ trimEnd })}
          />
        )}
        <div class="cine-controls">
          {several && <Transport player={player} />}
          <ViewButtons view={view} />
        </div>
        {seen && <OverlayControls {...seen} />}
        <p id="cine-keys" class="unseen">
          Arrow keys move the square, plus and minus resize it, R resets it, Escape leaves it.
        </p>
      </figcaption>
    </figure>
  );
}

/** @param {{player: import('./usePlayer.js').Player}} props */
function Transport({ player }) {
  const { at, playing, rate, loop } = player;
  return (
    <div class="cine-group">
      <Control label="Previous frame" keys="←" onClick={() => player.seek(at - 1)}>
        <Icon name="back" />
      </Control>
      <Control
        label={playing ? 'Stop' : 'Play'}
        keys="Space"
        onClick={playing ? player.stop : player.play}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </Control>
      <Control label="Next frame" keys="→" onClick={() => player.seek(at + 1)}>
        <Icon name="next" />
      </Control>
      <Control label="Slower" keys="," onClick={() => player.change(-1)}>
        −
      </Control>
      <output class="cine-rate" aria-label="Speed">
        {rate}×
      </output>
      <Control label="Faster" keys="." onClick={() => player.change(1)}>
        +
      </Control>
      <Control label="Loop" keys="L" pressed={loop} onClick={player.toggleLoop}>
        <Icon name="loop" />
      </Control>
    </div>
  );
}

/** @param {{view: import('./useViewSettings.js').ViewSettings}} props */
function ViewButtons({ view }) {
  return (
    <div class="cine-group">
      <Control label="Darker" keys="Shift B" onClick={() => view.brighten(-1)}>
        <Icon name="dim" />
      </Control>
      <output class="cine-rate" aria-label="Brightness of the view">
        {Math.round(view.brightness * 100)}%
      </output>
      <Control label="Brighter" keys="B" onClick={() => view.brighten(1)}>
        <Icon name="sun" />
      </Control>
      <Control label="Enlarge the square" keys="E" pressed={view.enlarged} onClick={view.enlarge}>
        <Icon name="square" />
      </Control>
    </div>
  );
}

/**
 * @param {{
 *   label: string,
 *   keys: string,
 *   pressed?: boolean,
 *   onClick: () => void,
 *   children: import('preact').ComponentChildren,
 * }} props
 */
function Control({ label, keys, pressed, onClick, children }) {
  return (
    <button
      type="button"
      class="cine-button"
      aria-label={label}
      aria-pressed={pressed}
      title={`${label} (${keys})`}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

/**
 * The picture of a frame, or while it has not arrived, of the last one before it that has.
 * @param {readonly (HTMLImageElement | null)[]} images
 * @param {number} at
 */
function nearest(images, at) {
  for (let n = at; n >= 0; n -= 1) {
    const image = images[n];
    if (image) return image;
  }
  return null;
}
