using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Sends one stored webhook to its instance, which it wakes before if need be.</summary>
internal sealed class WebhookSender(Routes routes, Gates gates, Waker waker, IForwarder forwarder, Action<FirstByte> tell, TimeProvider time, IWebhookObserver? observer)
{
    private const int MostWakes = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestBody = TimeSpan.FromMinutes(5);

    // A person, or another instance that goes to rest, may make room at any moment, and nothing tells a gateway of it.
    private static readonly TimeSpan LongestWhileHeld = TimeSpan.FromSeconds(10);

    /// <summary>How the instance would be reached now.</summary>
    public WayTo WayTo(Route route) =>
        gates.Of(route.InstanceId).Lets(route) ? Webhooks.WayTo.Open : route.State is RouteState.Open or RouteState.Resting ? Webhooks.WayTo.Resting : Webhooks.WayTo.Shut;

    /// <summary>Changes with each rest and each restart of the instance.</summary>
    public long Closings(string instanceId) => gates.Of(instanceId).Closings;

    /// <param name="id">The instance.</param>
    /// <param name="webhook">What to send.</param>
    /// <param name="stopping">Nothing is begun any more.</param>
    /// <param name="cut">What was begun is not waited for any more.</param>
    public async Task<Attempt> SendAsync(string id, StoredWebhook webhook, CancellationToken stopping, CancellationToken cut)
    {
        if (routes.Table.FindInstance(id) is not { } route)
            return NotNow("no route leads to the instance");
        var gate = gates.Of(id);
        var open = gate.TryEnter(route);
        WakeRecord? wake = null;
        var seen = time.GetTimestamp();
        if (open is null && route.State is not (RouteState.Open or RouteState.Resting))
            return NotNow("the instance does not run");
        for (var tries = 1; open is null; tries++)
        {
            var answer = await waker.WakeAsync(id, seen, Patience).WaitAsync(stopping);
            if (answer.Outcome != WakeOutcome.Awake)
                return NotNow(answer.Reason, PauseAfter(answer));
            wake = answer.Wake;
            open = gate.TryEnter(route.OpenAt(answer.Endpoint!));
            if (open is null && tries == MostWakes)
                return NotNow("it was put to rest again");
        }

        try
        {
            stopping.ThrowIfCancellationRequested();
            return await SendAsync(open, webhook, () => TellFirstByte(id, wake, seen), cut);
        }
        finally
        {
            gate.Leave();
        }
    }

    private async Task<Attempt> SendAsync(Route open, StoredWebhook webhook, Action answered, CancellationToken cut)
    {
        using var context = new DeliveryContext(webhook, open.Limits?.TotalTimeout ?? LongestBody, time, cut);
        observer?.Boundary();
        var sent = time.GetTimestamp();
        var failed = await forwarder.ForwardAsync(context.Http, open);
        observer?.Boundary();
        if (failed == GatewayAnswer.NotForwarded)
            return Refused(failed.Detail);
        if (failed is not null)
            return failed == GatewayAnswer.TimedOut ? Late(open.Limits, time.GetElapsedTime(sent)) : NotNow(failed.Detail);
        var status = context.Http.Response.StatusCode;
        if (status == DeliveryContext.NoAnswer)
        {
            cut.ThrowIfCancellationRequested();
            return NotNow("the app did not answer");
        }

        answered();
        return status switch
        {
            < 300 => new Attempt(AttemptEnd.Delivered),
            408 or 425 or 429 or >= 500 => NotNow(string.Create(CultureInfo.InvariantCulture, $"the app answered {status}")),
            _ => Refused(status.ToString(CultureInfo.InvariantCulture)),
        };
    }

    private void TellFirstByte(string id, WakeRecord? wake, long seen)
    {
        if (wake is not null && FirstByte.Now(id, wake, seen, time) is { } first)
            tell(first);
    }

    // As requests are told, which do not try a wake that failed before its time either.
    private static TimeSpan? PauseAfter(WakeAnswer answer)
    {
        var said = TimeSpan.FromSeconds(Math.Max(1, answer.RetryAfterSeconds));
        return answer.Outcome == WakeOutcome.Held && said > LongestWhileHeld ? LongestWhileHeld : said;
    }

    // Whoever reads it is to know which of the tier's times it was.
    private static Attempt Late(RequestLimits? limits, TimeSpan after) => new(
        AttemptEnd.Late,
        limits?.IdleTimeout is not null && after < (limits.TotalTimeout ?? LongestBody)
            ? "the app took it and was silent for longer than the tier's idleTimeout"
            : "the app took it and did not answer in time");

    private static Attempt NotNow(string why, TimeSpan? again = null) => new(AttemptEnd.NotNow, why, again);

    private static Attempt Refused(string what) => new(AttemptEnd.Refused, "the app refused it: " + what);
}
