using System.Net.Sockets;
using System.Threading.Channels;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Engine;

/// <summary>
/// What the api and the gateway ask of the engine, over its Unix socket. Failures of a target are <see cref="TargetException"/>; an engine
/// that does not answer is <see cref="EngineUnavailableException"/>; an unknown instance is <see cref="KeyNotFoundException"/>; what a target cannot do is
/// <see cref="NotSupportedException"/> with a sentence.
/// </summary>
public interface IEngineLink
{
    /// <summary>An unconnected socket inside the instance's network namespace; the caller connects it to the endpoint and owns it.</summary>
    Task<SafeSocketHandle> OpenSocketAsync(string instanceId, CancellationToken cancellationToken);

    IAsyncEnumerable<LogLine> ReadLogsAsync(string instanceId, LogRequest request, CancellationToken cancellationToken);

    Task<InstanceStats> ReadStatsAsync(string instanceId, CancellationToken cancellationToken);

    Task<int> ExecAsync(string instanceId, ExecRequest request, CancellationToken cancellationToken);

    Task ExportAsync(string instanceId, Stream output, CancellationToken cancellationToken);

    Task ImportAsync(string instanceId, Stream input, CancellationToken cancellationToken);

    /// <summary>What would change if this were the spec. The instance need not exist yet.</summary>
    Task<Plan> PlanAsync(PlanQuestion question, CancellationToken cancellationToken);

    /// <summary>The same where tenant and target are stored.</summary>
    Task<Plan> PlanAsync(InstanceSpec spec, CancellationToken cancellationToken) => PlanAsync(new PlanQuestion(spec), cancellationToken);

    /// <summary>Keeps what is there for an instance, so that it is taken over when the instance is made.</summary>
    Task OfferAsync(PlanQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException("This engine takes nothing over.");

    /// <summary>Who holds an instance's state, or null.</summary>
    Task<StateHolder?> FindHolderAsync(string instanceId, CancellationToken cancellationToken) => throw new NotSupportedException("This engine knows of no holds.");

    /// <summary>Breaks that hold and no other.</summary>
    Task BreakHoldAsync(string instanceId, string hold, CancellationToken cancellationToken) => throw new NotSupportedException("This engine knows of no holds.");

    /// <summary>What an instance needs beside its processes, looked at where it runs; nothing where its target knows of no such things.</summary>
    Task<IReadOnlyList<LookedAt>> LookAsync(string instanceId, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<LookedAt>>([]);

    /// <summary>What instances on a target cost, by its bill.</summary>
    Task<IReadOnlyList<ActualCost>> ReadCostsAsync(CostQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException("This engine sees no bill.");

    /// <summary>Makes a target that is one machine this engine's, whatever engine it belonged to.</summary>
    Task AdoptTargetAsync(string target, CancellationToken cancellationToken);

    Task<ProbeReport> ProbeAsync(string target, CancellationToken cancellationToken);

    /// <summary>What targets hold with our ownership label and no instance owns.</summary>
    Task<OrphanReport> ListOrphansAsync(CancellationToken cancellationToken);

    Task RemoveOrphanAsync(Orphan orphan, CancellationToken cancellationToken);

    /// <summary>Says that a spec changed, so that the reconciler need not wait for its next look at the store.</summary>
    Task PokeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>A value whenever something changed in the store (statuses, operations), until cancelled; what changed is in the store's list of changes.</summary>
    IAsyncEnumerable<long> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Wakes an instance that a request waits for, or says why not. Everybody who asks for the same instance shares its wake.</summary>
    Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken);

    /// <summary>Why an instance rests or is awake: the last decision, for a person; empty while there is none.</summary>
    Task<string> ReadRestReasonAsync(string instanceId, CancellationToken cancellationToken) => Task.FromResult("");

    /// <summary>A gateway tells what it sees until its reports end, and is told what to do.</summary>
    IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, CancellationToken cancellationToken);

    /// <summary>The public half of a holder's data key (<see cref="SecretPlace.KeyHolderOf(SecretScope, string)"/>), made when there is none.</summary>
    Task<byte[]> EnsureDataKeyAsync(string holder, CancellationToken cancellationToken);

    /// <summary>What is in force of an instance's secrets, sealed to a public key of P-256 (SubjectPublicKeyInfo).</summary>
    Task<IReadOnlyList<ExportedSecret>> ExportSecretsAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken);

    /// <summary>Replaces the engine's key.</summary>
    Task<RekeyReport> RekeyAsync(CancellationToken cancellationToken);

    /// <summary>What the engine has counted, in Prometheus' text format; empty when it counts nothing.</summary>
    Task<string> ReadMetricsAsync(CancellationToken cancellationToken) => Task.FromResult("");
}

/// <summary>Something on a target that no instance owns.</summary>
/// <param name="Target">The target.</param>
/// <param name="Ref">What it is.</param>
/// <param name="Home">The engine at which the target is at home, when this is only what stayed here of it; else null.</param>
public sealed record Orphan(string Target, InstanceRef Ref, string? Home = null);

/// <summary>What a sweep over all targets found, and which of them could not be asked.</summary>
public sealed record OrphanReport(IReadOnlyList<Orphan> Orphans, IReadOnlyList<UnreachableTarget> Unreachable);

/// <summary>A target that could not be asked, and why.</summary>
public sealed record UnreachableTarget(string Target, string Reason);

/// <summary>The engine does not answer.</summary>
public sealed class EngineUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
