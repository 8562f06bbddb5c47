/** What machines and PACS have sent here, and answers on their way back. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import * as calls from '../api/dicom.js';
import { Problem } from '../api/problem.js';
import { PageHeading } from '../shared/PageHeading.jsx';
import { TableWrap } from '../shared/TableWrap.jsx';
import { dateTime } from '../shared/format.js';
import { usePages } from '../shared/usePages.js';
import { deliveryState, isUnderWay } from '../shared/deliveryState.js';
import './dicom.css';

/** How often the service is asked while something is under way. */
const AGAIN_MS = 3000;

/** @type {Readonly<Record<string, string>>} */
const SERVICES = { c_store: 'C-STORE', stow: 'STOW-RS' };

/** @type {Readonly<Record<string, string>>} of a screening */
const STATES = {
  queued: 'Waiting',
  running: 'Being screened',
  done: 'Answered',
  failed: 'Failed',
};

export default function Dicom() {
  const [peers, setPeers] = useState(/** @type {calls.Peer[] | null} */ (null));
  const [problem, setProblem] = useState('');
  const arrived = usePages(calls.instances);
  const sent = usePages(calls.deliveries);
  const lookAtPeers = useCallback(async () => {
    try {
      setPeers(await calls.peers());
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }, []);
  useEffect(() => void lookAtPeers(), [lookAtPeers]);
  const busy =
    sent.items?.some(isUnderWay) ||
    arrived.items?.some(({ status }) => status === 'queued' || status === 'running');
  const { again: lookAtArrived } = arrived;
  const { again: lookAtSent } = sent;
  const look = useCallback(() => {
    void lookAtArrived();
    void lookAtSent();
    void lookAtPeers();
  }, [lookAtArrived, lookAtSent, lookAtPeers]);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(look, AGAIN_MS);
    return () => clearInterval(timer);
  }, [busy, look]);
  /** @param {calls.Delivery} delivery */
  async function sendAgain({ screening_id, peer }) {
    try {
      await calls.deliver(screening_id, peer);
      look();
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }
  const wrong = problem || arrived.problem || sent.problem;
  return (
    <section class="page">
      <PageHeading
        title="DICOM"
        lead="Recordings that machines and PACS have sent here, and answers on their way back."
      >
        <button type="button" class="button" onClick={look}>
          Refresh
        </button>
      </PageHeading>
      {wrong && (
        <p class="notice notice-problem" role="alert">
          {wrong}
        </p>
      )}
      <h2>Arrived</h2>
      {arrived.items?.length === 0 && (
        <p class="quiet">
          Nothing has arrived yet. A machine sends by C-STORE to <code>pocovid dicom-node</code>, a
          program by STOW-RS.
        </p>
      )}
      {arrived.items && arrived.items.length > 0 && <Arrived instances={arrived.items} />}
      {arrived.hasMore && (
        <button type="button" class="button" onClick={arrived.more}>
          Show more of what arrived
        </button>
      )}
      <h2>Peers</h2>
      {peers?.length === 0 && (
        <p class="quiet">No peer is configured that answers could be sent to.</p>
      )}
      {peers && peers.length > 0 && <Peers peers={peers} />}
      <h2>Deliveries</h2>
      {sent.items?.length === 0 && <p class="quiet">No answer has been sent to a peer yet.</p>}
      {sent.items && sent.items.length > 0 && (
        <Deliveries deliveries={sent.items} onAgain={sendAgain} />
      )}
      {sent.hasMore && (
        <button type="button" class="button" onClick={sent.more}>
          Show more deliveries
        </button>
      )}
    </section>
  );
}

/** @param {{instances: calls.Instance[]}} props */
function Arrived({ instances }) {
  return (
    <TableWrap label="Arrived" card>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">From</th>
            <th scope="col">Answer</th>
            <th scope="col">SOP Instance UID</th>
          </tr>
        </thead>
        <tbody>
          {instances.map((each) => (
            <tr key={each.sop_instance_uid}>
              <td>{dateTime(each.received_at)}</td>
              <td>
                {each.calling_ae_title} <span class="hint">{SERVICES[each.service]}</span>
              </td>
              <td>
                {each.screening_id ? (
                  <a href={`#/screenings/${each.screening_id}`}>
                    {STATES[each.status ?? 'queued']}
                  </a>
                ) : (
                  'Deleted'
                )}
              </td>
              <td class="uid">{each.sop_instance_uid}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

/** @param {{peers: calls.Peer[]}} props */
function Peers({ peers }) {
  return (
    <TableWrap label="Peers" card>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">Service</th>
            <th scope="col" class="number">
              Waiting
            </th>
            <th scope="col" class="number">
              Being sent
            </th>
            <th scope="col" class="number">
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {peers.map(({ name, service, queued, running, failed }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{SERVICES[service]}</td>
              {[queued, running, failed].map((count, n) => (
                <td key={n} class="number">
                  {count || '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

/**
 * @param {{
 *   deliveries: calls.Delivery[],
 *   onAgain: (delivery: calls.Delivery) => Promise<void>,
 * }} props
 */
function Deliveries({ deliveries, onAgain }) {
  return (
    <TableWrap label="Deliveries" card>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Asked for</th>
            <th scope="col">Peer</th>
            <th scope="col">State</th>
            <th scope="col">Answer</th>
            <th scope="col">
              <span class="unseen">Send again</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((each) => (
            <tr key={each.id}>
              <td>{dateTime(each.created_at)}</td>
              <td>{each.peer}</td>
              <td>
                {deliveryState(each)}
                {each.problem && <span class="hint delivery-problem">{each.problem}</span>}
              </td>
              <td>
                <a href={`#/screenings/${each.screening_id}`}>Show</a>
              </td>
              <td>
                {each.state === 'failed' && (
                  <button type="button" class="button" onClick={() => onAgain(each)}>
                    Send again
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}
