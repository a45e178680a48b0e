// Sends events with Segment's own library for Node: send_events.mjs <host> <write key> <how many>
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, events] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 100, maxRetries: 10 })
analytics.on('error', (error) => { console.error(error); process.exitCode = 1 })
for (let number = 0; number < Number(events); number++) {
  analytics.track({ userId: 'usr_1', event: 'Order Completed', properties: { number }, messageId: `node-${number}` })
}
await analytics.closeAndFlush()
