using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tenantry.Model.Manifests;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Lets requests through to instances that run, and holds those for instances that rest until these are awake.</summary>
public sealed class WaitingRoom(Gates gates, Waker waker, WakingOptions options, Action<FirstByte> tell, TimeProvider time)
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(2);
    private readonly ConcurrentDictionary<string, int> waiting = new(StringComparer.Ordinal);
    private readonly SharedBytes buffered = new(options.BufferInAll);
    private int waitingInAll;

    /// <summary>Where webhooks go while an instance is not ready; null: they are held as others are.</summary>
    internal WebhookIntake? Webhooks { get; set; }

    /// <summary>Requests that wait now.</summary>
    public int Waiting => Volatile.Read(ref waitingInAll);

    /// <summary>Those that wait for one instance.</summary>
    internal int WaitingFor(string instanceId) => waiting.GetValueOrDefault(instanceId);

    /// <summary>As <see cref="IForwarder.ForwardAsync"/>, once the instance is awake. What need not wait goes straight on: each method that waits costs time.</summary>
    internal ValueTask<GatewayAnswer?> ServeAsync(HttpContext context, Route route, IForwarder forwarder)
    {
        // What waits here would wait for ever: neither the instance nor who wakes it is on this side.
        if (route.State == RouteState.Elsewhere)
            return ValueTask.FromResult<GatewayAnswer?>(GatewayAnswer.Of(route));
        var gate = gates.Of(route.InstanceId);
        if (route.Rules.WebhookFor(context.Request.Method, context.Request.Path.Value ?? "") is { } webhook)
            return TakeAsync(context, route, webhook, gate, forwarder);
        return gate.TryEnter(route, isWork: !IsOfMonitor(context, route.Rules)) is { } open ? ForwardAsync(context, open, gate, forwarder) : WaitOrSayAsync(context, route, gate, forwarder);
    }

    /// <summary>Tells the waiting page how far it is.</summary>
    internal async Task<GatewayAnswer?> AnswerPollAsync(HttpContext context, Route route) => route.State == RouteState.Elsewhere
        ? GatewayAnswer.Of(route)
        : await WakePoll.AnswerAsync(context, await StateForPollAsync(route, gates.Of(route.InstanceId), context.RequestAborted));

    private async ValueTask<GatewayAnswer?> TakeAsync(HttpContext context, Route route, WebhookRule webhook, InstanceGate gate, IForwarder forwarder)
    {
        // Looking for files and writing them blocks.
        await Pace.StepAsideAsync(context);
        if (Webhooks is { } intake && intake.HasPending(route.InstanceId))
            return await intake.TakeAsync(context, route, webhook);
        if (gate.TryEnter(route) is { } open)
        {
            var answer = await ForwardAsync(context, open, gate, forwarder, Webhooks is null ? Retry.Held : Retry.Once);
            // Nothing of it was sent: it is kept as if the instance had been known not to be ready.
            return Webhooks is not null && (answer == GatewayAnswer.Unreachable || answer == GatewayAnswer.NoWayIn || answer == GatewayAnswer.NoRoom)
                ? await Webhooks.TakeAsync(context, route, webhook)
                : answer;
        }

        if (Webhooks is not null && route.State is not (RouteState.Leaving or RouteState.WithoutPort))
            return await Webhooks.TakeAsync(context, route, webhook);
        return await WaitOrSayAsync(context, route, gate, forwarder);
    }

    private async ValueTask<GatewayAnswer?> WaitOrSayAsync(HttpContext context, Route route, InstanceGate gate, IForwarder forwarder)
    {
        if (!IsWorthWaiting(route.State))
            return await SayAsync(context, route);
        if (IsOfMonitor(context, route.Rules))
            return route.State == RouteState.Updating ? GatewayAnswer.Of(route) : Ignored(context);
        return await HoldAsync(context, route, gate, forwarder);
    }

    // Whoever opens the address of an instance that is just made for them need not come back by hand.
    private static async ValueTask<GatewayAnswer?> SayAsync(HttpContext context, Route route)
    {
        if (route.State != RouteState.Starting || !route.Rules.WaitingPage || !WaitingPage.IsFor(context))
            return GatewayAnswer.Of(route);
        await WaitingPage.WriteAsync(context, route);
        return null;
    }

    private static bool IsOfMonitor(HttpContext context, WakeRules rules) =>
        rules.Ignore.Count > 0 && context.Request.Method is "GET" or "HEAD" && rules.Ignores(context.Request.Path.Value ?? "");

    // A first start may take minutes, and a failure until somebody mends it: these are said at once.
    private static bool IsWorthWaiting(RouteState state) => state is RouteState.Open or RouteState.Resting or RouteState.Updating;

    private static GatewayAnswer? Ignored(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.CacheControl = "no-store";
        return null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayAnswer?> ForwardAsync(HttpContext context, Route route, InstanceGate gate, IForwarder forwarder, Retry retry = Retry.Held)
    {
        GatewayAnswer? answer;
        var isWork = !IsOfMonitor(context, route.Rules);
        var watch = StreamWatch.Begin(gate, context);
        try
        {
            answer = await forwarder.ForwardAsync(context, route);
        }
        finally
        {
            watch?.End();
            gate.Leave(isWork);
        }

        return retry != Retry.No && (answer == GatewayAnswer.Unreachable || answer == GatewayAnswer.NoWayIn) && !context.RequestAborted.IsCancellationRequested
            ? await ForwardAnewAsync(context, route, gate, forwarder, answer, retry)
            : answer;
    }

    // A connection that cannot be made may mean that the route is old, or that the instance is just restarted: the engine knows, and nothing was sent yet.
    private async Task<GatewayAnswer?> ForwardAnewAsync(HttpContext context, Route route, InstanceGate gate, IForwarder forwarder, GatewayAnswer answer, Retry retry)
    {
        // What was said of a failure that nobody hears of.
        context.Response.Headers.Remove(HeaderNames.Connection);
        var waking = await AnswerWithinAsync(waker.WakeAsync(route.InstanceId, time.GetTimestamp(), options.ForOldRoutes), options.ForOldRoutes, context.RequestAborted);
        if (waking is { Outcome: WakeOutcome.Awake } && gate.TryEnter(route.OpenAt(waking.Endpoint!), isWork: !IsOfMonitor(context, route.Rules)) is { } open)
            return await ForwardAsync(context, open, gate, forwarder, Retry.No);
        return retry == Retry.Held && waking is null or { Outcome: WakeOutcome.NotNow or WakeOutcome.Awake } && !IsOfMonitor(context, route.Rules)
            ? await HoldAsync(context, route, gate, forwarder, Retry.No)
            : answer;
    }

    private async Task<GatewayAnswer?> HoldAsync(HttpContext context, Route route, InstanceGate gate, IForwarder forwarder, Retry retry = Retry.Held)
    {
        if (!TrySit(route.InstanceId))
            return GatewayAnswer.TooManyWait;
        var seen = time.GetTimestamp();
        await Pace.StepAsideAsync(context);
        var body = TakeBody(context, route);
        try
        {
            var (answer, open, wake) = await WaitSeatedAsync(context, route, gate, seen, body);
            if (open is null)
                return answer;
            if (wake is not null)
                FirstByteTelling.Begin(context, route.InstanceId, wake, seen, tell, time);
            answer = await ForwardAsync(context, open, gate, forwarder, retry);
            if (answer is not null)
                FirstByteTelling.Drop(context);
            return answer;
        }
        finally
        {
            body?.Free();
        }
    }

    private async Task<(GatewayAnswer? Answer, Route? Open, WakeAnswer? Wake)> WaitSeatedAsync(HttpContext context, Route route, InstanceGate gate, long seen, HeldBody? body)
    {
        try
        {
            return await WaitAsync(context, route, gate, seen);
        }
        finally
        {
            Stand(route.InstanceId);
            if (body is not null)
                await body.GiveBackAsync();
        }
    }

    // Until it is let in, or what to answer instead.
    private async Task<(GatewayAnswer? Answer, Route? Open, WakeAnswer? Wake)> WaitAsync(HttpContext context, Route route, InstanceGate gate, long seen)
    {
        var patience = TimeSpan.FromSeconds(route.Rules.TimeoutSeconds);
        var mayShowPage = route.Rules.WaitingPage && WaitingPage.IsFor(context);
        while (true)
        {
            var waking = waker.WakeAsync(route.InstanceId, seen, patience);
            var left = (mayShowPage && options.BeforePage < patience ? options.BeforePage : patience) - time.GetElapsedTime(seen);
            var answer = await AnswerWithinAsync(waking, left, context.RequestAborted);
            if (answer is null && mayShowPage)
            {
                FirstByteTelling.Drop(context);
                await WaitingPage.WriteAsync(context, route);
                return (null, null, null);
            }

            if (answer is { Outcome: WakeOutcome.Awake })
            {
                if (gate.TryEnter(route.OpenAt(answer.Endpoint!)) is { } open)
                    return (null, open, answer);

                // It was put to rest again at once, or the gate has not heard yet that it may open.
                if (time.GetElapsedTime(seen) > patience)
                    return (GatewayAnswer.StillWaking, null, null);
                await Task.Delay(Moment, time, context.RequestAborted);
                continue;
            }

            // Whoever began this wake had less patience.
            if (answer is { Outcome: WakeOutcome.NotNow } && time.GetElapsedTime(seen) + options.Pause < patience && IsWorthWaiting(route.State))
            {
                await Task.Delay(options.Pause, time, context.RequestAborted);
                continue;
            }

            return (answer is null ? GatewayAnswer.StillWaking : GatewayAnswer.NotWoken(answer), null, null);
        }
    }

    private async Task<WakeAnswer?> AnswerWithinAsync(Task<WakeAnswer> waking, TimeSpan left, CancellationToken cancellationToken)
    {
        if (waking.IsCompletedSuccessfully)
            return waking.Result;
        if (left <= TimeSpan.Zero)
            return null;
        try
        {
            return await waking.WaitAsync(left, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    // Somebody looks at the waiting page: that wakes it, too.
    private async Task<WakePoll.State> StateForPollAsync(Route route, InstanceGate gate, CancellationToken left)
    {
        if (gate.TryEnter(route) is not null)
        {
            gate.Leave();
            return new WakePoll.State("awake", "", 0);
        }

        if (!IsWorthWaiting(route.State))
        {
            var word = GatewayAnswer.Of(route);
            return route.State == RouteState.Starting ? new WakePoll.State("waiting", word.Detail, 1) : new WakePoll.State("failed", word.Detail, word.RetryAfterSeconds ?? 0);
        }

        if (!TrySit(route.InstanceId))
            return new WakePoll.State("waiting", GatewayAnswer.TooManyWait.Detail, 2);
        try
        {
            var answer = await AnswerWithinAsync(waker.WakeAsync(route.InstanceId, time.GetTimestamp(), WakePoll.Longest), WakePoll.Longest, left);
            return answer switch
            {
                { Outcome: WakeOutcome.Awake } => new WakePoll.State("awake", "", 0),
                { Outcome: WakeOutcome.Failed or WakeOutcome.Held } => new WakePoll.State("failed", answer.Reason, answer.RetryAfterSeconds),
                _ => new WakePoll.State("waiting", answer?.Reason ?? "", 0),
            };
        }
        finally
        {
            Stand(route.InstanceId);
        }
    }

    private HeldBody? TakeBody(HttpContext context, Route route)
    {
        if (HeldBody.GoesOn(context, out var before))
            return before;
        var most = Math.Min(route.Rules.Buffer, buffered.MostOfOne);
        var share = Math.Min(most, context.Request.ContentLength ?? most);
        if (share == 0 || !HeldBody.IsThere(context) || !buffered.TryTake(route.InstanceId, share))
            return null;
        var body = new HeldBody(context, share, () => buffered.Return(route.InstanceId, share));
        body.Begin();
        return body;
    }

    private bool TrySit(string instanceId)
    {
        if (Interlocked.Increment(ref waitingInAll) > options.WaitingInAll)
        {
            Interlocked.Decrement(ref waitingInAll);
            return false;
        }

        if (waiting.AddOrUpdate(instanceId, 1, static (_, count) => count + 1) <= options.WaitingPerInstance)
            return true;
        Stand(instanceId);
        return false;
    }

    private void Stand(string instanceId)
    {
        Interlocked.Decrement(ref waitingInAll);
        if (waiting.AddOrUpdate(instanceId, 0, static (_, count) => Math.Max(0, count - 1)) == 0)
            waiting.TryRemove(KeyValuePair.Create(instanceId, 0));
    }
}
