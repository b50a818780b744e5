using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Asks the engine for wakes: one for all requests that wait for an instance, and none while a failed one is recent.</summary>
public sealed class Waker
{
    private readonly IEngineLink engine;
    private readonly Gates gates;
    private readonly WakingOptions options;
    private readonly Action<string> rested;
    private readonly TimeProvider time;
    private readonly ILogger<Waker> log;
    private readonly ConcurrentDictionary<string, Lazy<Task<WakeAnswer>>> underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (WakeAnswer Answer, long Until)> failed = new(StringComparer.Ordinal);

    /// <param name="engine">Whom to ask.</param>
    /// <param name="gates">The gates to open.</param>
    /// <param name="options">Limits.</param>
    /// <param name="rested">Told of an instance whose earlier sockets lead nowhere any more.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    public Waker(IEngineLink engine, Gates gates, WakingOptions options, Action<string> rested, TimeProvider time, ILogger<Waker> log)
    {
        (this.engine, this.gates, this.options, this.rested, this.time, this.log) = (engine, gates, options, rested, time, log);
        gates.Wanted = gate => _ = WakeAsync(gate.InstanceId, time.GetTimestamp(), TimeSpan.FromMinutes(1));
    }

    /// <summary>Wakes the instance, or says why not; never throws. A wake that is under way is shared.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="seen">When the request was seen, a timestamp.</param>
    /// <param name="patience">How long to go on while the engine is away or the instance is being changed.</param>
    public Task<WakeAnswer> WakeAsync(string instanceId, long seen, TimeSpan patience)
    {
        if (failed.TryGetValue(instanceId, out var recent))
        {
            var left = time.GetElapsedTime(time.GetTimestamp(), recent.Until);
            if (left > TimeSpan.Zero)
                return Task.FromResult(recent.Answer with { RetryAfterSeconds = (int)Math.Ceiling(left.TotalSeconds) });
            failed.TryRemove(instanceId, out _);
        }

        return underWay.GetOrAdd(instanceId, id => new Lazy<Task<WakeAnswer>>(() => Task.Run(() => RunAsync(id, seen, patience)))).Value;
    }

    /// <summary>
    /// Asks the engine to wake what does not exist: what the first wake needs is compiled then, here and there, before somebody waits for it. Nothing is changed or remembered.
    /// </summary>
    internal async Task RehearseAsync()
    {
        await WakeAsync(WakeRequest.Nobody, time.GetTimestamp(), TimeSpan.Zero);
        failed.TryRemove(WakeRequest.Nobody, out _);
        gates.Forget(WakeRequest.Nobody);
        EngineFrames.Rehearse();
    }

    private async Task<WakeAnswer> RunAsync(string instanceId, long seen, TimeSpan patience)
    {
        try
        {
            var gate = gates.Of(instanceId);
            var (answer, asked) = await AskAsync(gate, seen, patience);
            if (answer is { Outcome: WakeOutcome.Awake, Endpoint: { } endpoint })
            {
                if (answer.Wake?.From == InstancePhase.Asleep)
                    rested(instanceId);
                gate.Awake(endpoint, asked);
            }
            else if (answer.Outcome is WakeOutcome.Failed or WakeOutcome.Held)
            {
                // A person may release it at any moment.
                var seconds = answer.Outcome == WakeOutcome.Held ? 1 : Math.Max(1, answer.RetryAfterSeconds);
                failed[instanceId] = (answer, time.GetTimestamp() + (seconds * time.TimestampFrequency));
            }

            return answer;
        }
        finally
        {
            underWay.TryRemove(instanceId, out _);
        }
    }

    private async Task<(WakeAnswer Answer, long Asked)> AskAsync(InstanceGate gate, long seen, TimeSpan patience)
    {
        while (true)
        {
            WakeAnswer answer;
            var asked = gate.Closings;
            try
            {
                answer = await engine.WakeAsync(gate.InstanceId, new WakeRequest(time.GetElapsedTime(seen).TotalSeconds), CancellationToken.None);
                if (answer.Outcome != WakeOutcome.NotNow)
                    return (answer, asked);
            }
            catch (EngineUnavailableException away)
            {
                log.LogDebug("No wake for {Instance} yet: {Reason}", gate.InstanceId, away.Message);
                answer = new WakeAnswer(WakeOutcome.NotNow, "A part of the server is restarting. Try again in a moment.", 2);
            }
            catch (KeyNotFoundException)
            {
                return (new WakeAnswer(WakeOutcome.Failed, "The instance is gone.", 30), asked);
            }
            catch (Exception failure)
            {
                log.LogError(failure, "Instance {Instance} could not be woken", gate.InstanceId);
                return (new WakeAnswer(WakeOutcome.Failed, "The instance could not be woken.", 5), asked);
            }

            if (time.GetElapsedTime(seen) + options.Pause > patience)
                return (answer, asked);
            await Task.Delay(options.Pause, time);
        }
    }
}
