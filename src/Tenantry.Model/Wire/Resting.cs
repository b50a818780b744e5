using Tenantry.Model.Instances;

namespace Tenantry.Model.Wire;

/// <summary>A webhook that waits for its instance or was given up. What it carries is not shown.</summary>
/// <param name="Slug">Its instance.</param>
/// <param name="Id">Its delivery id: the header <c>Tenantry-Delivery</c> of its answer and of its delivery.</param>
/// <param name="State"><c>pending</c> or <c>dead</c>.</param>
/// <param name="ReceivedAt">When it was taken in.</param>
/// <param name="ExpiresAt">When it becomes a dead letter if it was not delivered.</param>
/// <param name="Method">As it was sent.</param>
/// <param name="Path">As it was sent, without the query.</param>
/// <param name="Bytes">Size of its body.</param>
/// <param name="Reason">Why it was given up, or why it still waits: what came of its last try; null when it was not tried yet.</param>
/// <param name="NextTryAt">When one that waits is tried again; null when it has no pause, or waits for another one. In the past: it is tried now.</param>
public sealed record WebhookResponse(
    string Slug, string Id, string State, DateTimeOffset ReceivedAt, DateTimeOffset ExpiresAt, string Method, string Path, long Bytes, string? Reason, DateTimeOffset? NextTryAt);

/// <summary>How long the wakes of an app on a target took.</summary>
/// <param name="App">The app.</param>
/// <param name="Target">The target.</param>
/// <param name="From">The depth that they woke from.</param>
/// <param name="Count">Wakes that are counted: the newest 1,000 of each instance.</param>
/// <param name="Platform">From the request until the app's process was able to run.</param>
/// <param name="Start">From then until the first byte of the answer, or until it was healthy when no request waited: the app's part.</param>
public sealed record WakeSummaryResponse(string App, string Target, InstancePhase From, int Count, WakeTimes Platform, WakeTimes Start);

/// <summary>Times in seconds: half of all, 95 and 99 of 100 were not longer.</summary>
public sealed record WakeTimes(double P50, double P95, double P99, double Longest);
