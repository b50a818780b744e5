using Microsoft.AspNetCore.Http;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// What callers asked for and may not have, as rows of the audit: every change, and every look, of which the same one is written once a minute and a caller's first
/// <see cref="MostLooks"/> of a minute, so that nobody fills the audit by asking. How many more there were, the next row tells.
/// </summary>
internal sealed class Denials(IStore store, TimeProvider time)
{
    /// <summary>Rows of a caller's looks in a minute.</summary>
    public const int MostLooks = 60;

    /// <summary>Rows of all strangers together in a minute.</summary>
    public const int MostOfStrangers = 20;

    private const string Look = "look";
    private const string Attempt = "change";
    private const string Nobody = "nobody";
    private const int LongestSubject = 200;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Window> windows = new(StringComparer.Ordinal);

    /// <summary>A request was refused before it was begun, or was a look. Without an <paramref name="action"/> it would have changed nothing.</summary>
    public async Task WriteAsync(HttpContext context, Caller caller, string? action, ProblemException refused)
    {
        var isDenied = refused.Denied is not null || refused.Status == StatusCodes.Status403Forbidden;
        // What is not there is looked for by whoever waits until it is gone.
        if (action is null && !isDenied)
            return;
        var more = 0;
        if (action is null && !IsToBeWritten(caller.Id, $"{context.Request.Method} {context.Request.Path}", MostLooks, out more))
            return;
        var detail = (refused.Denied ?? refused.Message) + More(more);
        await store.AppendAuditAsync(
            new AuditEntry(caller.Name, action ?? Look, context.Request.Path, isDenied ? "denied" : "refused", detail, context.TraceIdentifier, time.GetUtcNow()) { Through = caller.ThroughText, Organization = ConcernedOrganization.Of(context, refused) },
            CancellationToken.None);
    }

    /// <summary>
    /// A request was turned away before it was known who asks, or because what was shown lets nobody in any more. From one place the same is written once a minute, and of all strangers
    /// together <see cref="MostOfStrangers"/> rows: whoever has no credential fills no audit.
    /// </summary>
    public async Task WriteStrangerAsync(HttpContext context, string from, ProblemException refused)
    {
        var through = ApiTokens.ThroughOf(context.Request.Headers.Authorization);
        if (!IsToBeWritten("", $"{from} {refused.Status} {through}", MostOfStrangers, out var more))
            return;
        var (method, path) = (context.Request.Method, LogPath.Of(context));
        var action = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Look : Attempt;
        await store.AppendAuditAsync(
            new AuditEntry(refused.Actor ?? Nobody, action, path[..Math.Min(path.Length, LongestSubject)], "denied", $"{refused.Message} From {from}.{More(more)}", context.TraceIdentifier, time.GetUtcNow()) { Through = through },
            CancellationToken.None);
    }

    private static string More(int more) => more == 0 ? "" : $" ({more} more looks were denied in the minute before.)";

    private bool IsToBeWritten(string caller, string what, int most, out int more)
    {
        more = 0;
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (!windows.TryGetValue(caller, out var window) || now - window.Begin >= Minute)
            {
                more = window?.Unwritten ?? 0;
                foreach (var (old, _) in windows.Where(one => now - one.Value.Begin >= Minute && one.Value.Unwritten == 0).ToArray())
                    windows.Remove(old);
                windows[caller] = window = new Window(now);
            }

            if (window.Seen.Contains(what))
                return false;
            if (window.Seen.Count < most)
                return window.Seen.Add(what);
            window.Unwritten++;
            return false;
        }
    }

    private sealed class Window(DateTimeOffset begin)
    {
        public DateTimeOffset Begin => begin;

        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

        public int Unwritten { get; set; }
    }
}
