/** An answer's way back into the record: its structured report, and the peers it can be sent to. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/dicom.js';
import { Problem } from '../api/problem.js';
import { deliveryState, isUnderWay } from '../shared/deliveryState.js';
import { isAtLeast } from '../shared/session.js';

/** How often the service is asked while a delivery is under way. */
const AGAIN_MS = 2000;

/** For a recording that came as DICOM. @param {{id: string}} props of the screening */
export function DicomActions({ id }) {
  const maySend = isAtLeast('reviewer');
  return (
    <div class="actions actions-even">
      <a class="button" href={calls.reportUrl(id)} download>
        Structured report (DICOM)
      </a>
      {maySend && <Deliveries id={id} />}
    </div>
  );
}

/** @param {{id: string}} props */
function Deliveries({ id }) {
  const [peers, setPeers] = useState(/** @type {calls.Peer[]} */ ([]));
  const [sent, setSent] = useState(/** @type {calls.Delivery[]} */ ([]));
  const [problem, setProblem] = useState('');
  /** @template T @param {Promise<T>} asked @param {(answer: T) => void} take */
  async function hear(asked, take) {
    try {
      take(await asked);
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }
  useEffect(() => {
    void hear(calls.peers(), setPeers);
    void hear(calls.deliveriesOf(id), setSent);
  }, [id]);
  const busy = sent.some(isUnderWay);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(() => void hear(calls.deliveriesOf(id), setSent), AGAIN_MS);
    return () => clearInterval(timer);
  }, [busy, id]);
  /** @param {string} peer */
  const send = (peer) =>
    hear(calls.deliver(id, peer), (delivery) =>
      setSent([delivery, ...sent.filter((each) => each.peer !== peer)]),
    );
  return (
    <>
      {peers.map(({ name }) => {
        const known = sent.find(({ peer }) => peer === name);
        return (
          <button
            key={name}
            type="button"
            class="button"
            disabled={known !== undefined && isUnderWay(known)}
            onClick={() => send(name)}
          >
            Send {known ? 'again ' : ''}to {name}
          </button>
        );
      })}
      <span class="said" role="status">
        {sent.map((each) => `${each.peer}: ${deliveryState(each)}.`).join(' ')}
      </span>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
