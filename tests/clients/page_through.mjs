// Pages through an audit trail with Segment's own SDK and prints what it read as JSON.
// Usage: node page_through.mjs BASE_PATH TOKEN COUNT [RESOURCE_ID]
import segment from '@segment/public-api-sdk-typescript'

const [basePath, token, count, resourceId] = process.argv.slice(2)
const api = new segment.AuditTrailApi(basePath)
api.accessToken = token

const pages = []
let cursor
do {
  const { body } = await api.listAuditEvents({ count: Number(count), cursor }, undefined, undefined, resourceId)
  pages.push(body.data.events.map((event) => ({ ...event })))
  cursor = body.data.pagination.next
} while (cursor)

const workspaces = new segment.WorkspacesApi(basePath)
workspaces.accessToken = token
const { body } = await workspaces.getWorkspace()
console.log(JSON.stringify({ pages, workspace: body.data.workspace }))
