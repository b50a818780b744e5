using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>What a release's manifest says about requests that meet a resting instance.</summary>
/// <param name="TimeoutSeconds">Longest time that a request is held.</param>
/// <param name="Ignore">Paths that are answered without waking; a trailing <c>*</c> matches any rest.</param>
/// <param name="WaitingPage">Whether a browser that waits sees a page.</param>
/// <param name="Buffer">Bytes of a held body that are taken before its sender has to wait.</param>
public sealed record WakeRules(double TimeoutSeconds, IReadOnlyList<string> Ignore, bool WaitingPage, long Buffer)
{
    /// <summary>Paths whose requests are stored while the instance is not ready.</summary>
    public IReadOnlyList<WebhookRule> Webhooks { get; init => field = value ?? []; } = [];

    /// <summary>For a manifest that says nothing.</summary>
    public static readonly WakeRules Default = Of(new WakePolicy());

    public static WakeRules Of(Manifest manifest) => manifest is { Wake: null, Webhooks.Count: 0 } ? Default : Of(manifest.Wake ?? new WakePolicy()) with
    {
        Webhooks = [.. manifest.Webhooks.Where(hook => hook.Answer == WebhookAnswer.Stored).Select(hook => new WebhookRule(hook.Path, Math.Min(hook.MaxSize, WebhookDefinition.LargestMaxSize), hook.MaxAge.TotalSeconds))],
    };

    /// <summary>True when the path is one of <see cref="Ignore"/>.</summary>
    public bool Ignores(string path)
    {
        // Asked of each request: a closure would be made for each.
        for (var i = 0; i < Ignore.Count; i++)
        {
            if (Matches(Ignore[i], path))
                return true;
        }

        return false;
    }

    /// <summary>The rule for a webhook's path, or null: only methods that carry something are webhooks.</summary>
    public WebhookRule? WebhookFor(string method, string path) =>
        Webhooks.Count == 0 || method is "GET" or "HEAD" or "OPTIONS" or "CONNECT"
            ? null
            : WebhookAt(path);

    /// <summary>By what they say.</summary>
    public bool Equals(WakeRules? other) => ReferenceEquals(this, other) ||
        (other is not null && TimeoutSeconds.Equals(other.TimeoutSeconds) && WaitingPage == other.WaitingPage && Buffer == other.Buffer && Ignore.SequenceEqual(other.Ignore, StringComparer.Ordinal) && Webhooks.SequenceEqual(other.Webhooks));

    public override int GetHashCode() => HashCode.Combine(TimeoutSeconds, WaitingPage, Buffer, Ignore.Count);

    private WebhookRule? WebhookAt(string path) => Webhooks.FirstOrDefault(hook => Matches(hook.Path, path));

    internal static bool Matches(string pattern, string path) =>
        pattern is [.. var begin, '*'] ? path.StartsWith(begin, StringComparison.Ordinal) : path == pattern;

    private static WakeRules Of(WakePolicy wake) => new(wake.Timeout.TotalSeconds, wake.Ignore, wake.WaitingPage, wake.Buffer);
}

/// <summary>A path whose requests are stored; a trailing <c>*</c> matches any rest.</summary>
public sealed record WebhookRule(string Path, long MaxSize, double MaxAgeSeconds);
