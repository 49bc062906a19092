/** The template of the viewer's page; Eta escapes what stands in `<%= %>`. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Login audit: <%= it.project %></title>
<link rel="stylesheet" href="<%= it.base %>/viewer.css">
</head>
<body>
<header>
<h1>Login audit</h1>
<p>Project <strong><%= it.project %></strong> · <%= it.total %> <%= it.total === 1 ? 'event' : 'events' %> · times in UTC</p>
<nav><a href="<%= it.base %>/"><%= it.isFirstPage ? 'Refresh' : 'Newest' %></a></nav>
</header>
<main>
<% if (it.rows.length === 0) { %>
<p class="empty"><%= it.isFirstPage ? 'No events yet. Log in to an application that publishes here, then refresh.' : 'No older events.' %></p>
<% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Events, newest first">
<table>
<thead><tr><th scope="col">Time</th><th scope="col">Outcome</th><th scope="col">Reason</th><th scope="col">Actor</th><th scope="col">Group</th><th scope="col">Address</th><th scope="col">Action</th><th scope="col">Record</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td><time datetime="<%= row.time %>"><%= row.time.slice(0, 10) %> <%= row.time.slice(11, 23) %></time></td>
<td><span class="outcome outcome-<%= ['success', 'failure', 'challenge'].includes(row.outcome) ? row.outcome : 'unknown' %>"><%= row.outcome %></span></td>
<td class="text"><%= row.reason || '–' %></td>
<td class="text" title="<%= row.actorId %>"><bdi><%= row.actor || 'anonymous' %></bdi><% if (row.actor && !row.actorId) { %> <small>(typed)</small><% } %></td>
<td class="text"><bdi><%= row.group || '–' %></bdi></td>
<td class="text"><%= row.address || '–' %></td>
<td class="text"><%= row.action %></td>
<td title="<%= row.id %>"><% if (row.verified) { %><span class="verified">✓ verified</span><% } else { %><span class="altered">✗ altered</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } %>
<% if (it.older) { %><nav><a href="<%= it.base %>/?before=<%= it.older %>">Older events</a></nav><% } %>
</main>
</body>
</html>
`;

export const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --line: #d9dee6; --soft: #56606e; --link: #0b57c2; --good: #116329; --bad: #b3261e; --wait: #7a4d00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181f; --line: #333b47; --soft: #a3adba; --link: #8ab8ff; --good: #6fdd8b; --bad: #ff9d94; --wait: #f2c063; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; margin: 0; }
header p { margin: 0; color: var(--soft); }
header nav { margin-left: auto; }
a { color: var(--link); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .75rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
th { font-size: .8rem; color: var(--soft); }
time { font-variant-numeric: tabular-nums; }
.text { max-width: 22rem; white-space: normal; overflow-wrap: break-word; }
small { color: var(--soft); }
.outcome { font-weight: 600; }
.outcome-success, .verified { color: var(--good); }
.outcome-failure, .altered { color: var(--bad); }
.outcome-challenge, .outcome-unknown { color: var(--wait); }
.altered { font-weight: 700; }
.empty { padding: 3rem; text-align: center; color: var(--soft); border: 1px dashed var(--line); border-radius: 8px; }
main > nav { margin-top: 1rem; }
`;
