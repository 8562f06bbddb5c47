/** What a recording's file lacks or is unusual in it, in sentences of the service. */

/** @param {{notes: string[]}} props */
export function RecordingNotes({ notes }) {
  if (notes.length === 0) return null;
  return (
    <ul class="recording-notes" aria-label="Notes on the file">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}
