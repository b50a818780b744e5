using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>What a release's manifest says about requests that meet a resting instance.</summary>
/// <param name="TimeoutSeconds">Longest time that a request is held.</param>
/// <param name="Ignore">Paths that are answered without waking; a trailing <c>*</c> matches any rest.</param>
/// <param name="WaitingPage">Whether a browser that waits sees a page.</param>
/// <param name="Buffer">Bytes of a held body that are taken before its sender has to wait.</param>
public sealed record WakeRules(double TimeoutSeconds, IReadOnlyList<string> Ignore, bool WaitingPage, long Buffer)
{
    /// <summary>For a manifest that says nothing.</summary>
    public static readonly WakeRules Default = Of(new WakePolicy());

    public static WakeRules Of(Manifest manifest) => manifest.Wake is { } wake ? Of(wake) : Default;

    /// <summary>True when the path is one of <see cref="Ignore"/>.</summary>
    public bool Ignores(string path) => Ignore.Any(pattern => Matches(pattern, path));

    /// <summary>By what they say.</summary>
    public bool Equals(WakeRules? other) => ReferenceEquals(this, other) ||
        (other is not null && TimeoutSeconds.Equals(other.TimeoutSeconds) && WaitingPage == other.WaitingPage && Buffer == other.Buffer && Ignore.SequenceEqual(other.Ignore, StringComparer.Ordinal));

    public override int GetHashCode() => HashCode.Combine(TimeoutSeconds, WaitingPage, Buffer, Ignore.Count);

    internal static bool Matches(string pattern, string path) =>
        pattern is [.. var begin, '*'] ? path.StartsWith(begin, StringComparison.Ordinal) : path == pattern;

    private static WakeRules Of(WakePolicy wake) => new(wake.Timeout.TotalSeconds, wake.Ignore, wake.WaitingPage, wake.Buffer);
}
