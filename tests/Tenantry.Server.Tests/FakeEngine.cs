using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Engine;
using Tenantry.Server.Secrets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests;

/// <summary>An engine that a test tells what to answer.</summary>
internal sealed class FakeEngine : IEngineLink
{
    private readonly List<Channel<long>> watchers = [];
    private int openedSockets;

    /// <summary>Answers nothing at all.</summary>
    public bool IsAway { get; set; }

    public List<string> Poked { get; } = [];

    public List<Orphan> Orphans { get; } = [];

    public List<UnreachableTarget> Unreachable { get; } = [];

    public List<LogLine> Logs { get; } = [];

    public Channel<LogLine>? MoreLogs { get; set; }

    public List<InstanceSpec> Planned { get; } = [];

    /// <summary>The release that was told with the last question, which nobody applied.</summary>
    public Model.Apps.Release? PlannedRelease { get; private set; }

    public List<string> Adopted { get; } = [];

    public Plan Plan { get; set; } = Plan.Nothing;

    public List<PlanQuestion> Offered { get; } = [];

    public StateHolder? Holder { get; set; }

    public IReadOnlyList<LookedAt> Looks { get; set; } = [];

    public IReadOnlyList<ActualCost> Costs { get; set; } = [];

    public Exception? Failure { get; set; }

    public Func<ExecRequest, CancellationToken, Task<int>> Exec { get; set; } = (_, _) => Task.FromResult(0);

    public byte[] Data { get; set; } = [];

    /// <summary>How handing out data ends after <see cref="Data"/>.</summary>
    public Exception? DataFailure { get; set; }

    public int OpenedSockets => Volatile.Read(ref openedSockets);

    public Task<SafeSocketHandle> OpenSocketAsync(string instanceId, CancellationToken cancellationToken)
    {
        Answer();
        Interlocked.Increment(ref openedSockets);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var copy = Dup((int)socket.Handle);
        return Task.FromResult(new SafeSocketHandle(copy, ownsHandle: true));
    }

    public async IAsyncEnumerable<LogLine> ReadLogsAsync(string instanceId, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Answer();
        foreach (var line in Logs)
            yield return line;
        if (request.Follow && MoreLogs is { } more)
        {
            await foreach (var line in more.Reader.ReadAllAsync(cancellationToken))
                yield return line;
        }
    }

    public Task<InstanceStats> ReadStatsAsync(string instanceId, CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult(new InstanceStats(DateTimeOffset.UnixEpoch, 1.5, 1000, 2000, 3, null, null, null, 0));
    }

    public Task<int> ExecAsync(string instanceId, ExecRequest request, CancellationToken cancellationToken)
    {
        Answer();
        return Exec(request, cancellationToken);
    }

    public async Task ExportAsync(string instanceId, Stream output, CancellationToken cancellationToken)
    {
        Answer();
        await output.WriteAsync(Data, cancellationToken);
        if (DataFailure is not null)
            throw DataFailure;
    }

    public async Task ImportAsync(string instanceId, Stream input, CancellationToken cancellationToken)
    {
        Answer();
        using var data = new MemoryStream();
        await input.CopyToAsync(data, cancellationToken);
        Data = data.ToArray();
    }

    public Task<Plan> PlanAsync(PlanQuestion question, CancellationToken cancellationToken)
    {
        Answer();
        Planned.Add(question.Spec);
        PlannedRelease = question.Release;
        return Task.FromResult(Plan);
    }

    public Task OfferAsync(PlanQuestion question, CancellationToken cancellationToken)
    {
        Answer();
        Offered.Add(question);
        return Task.CompletedTask;
    }

    public Task<StateHolder?> FindHolderAsync(string instanceId, CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult(Holder);
    }

    public Task<IReadOnlyList<LookedAt>> LookAsync(string instanceId, CancellationToken cancellationToken) => Task.FromResult(Looks);

    public Task BreakHoldAsync(string instanceId, string hold, CancellationToken cancellationToken)
    {
        Answer();
        Holder = Holder?.Id == hold ? null : Holder;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ActualCost>> ReadCostsAsync(CostQuestion question, CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult(Costs);
    }

    public Task<ProbeReport> ProbeAsync(string target, CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult(new ProbeReport(false, [new ProbeFinding("crun", ProbeLevel.Missing, "crun is not there.", "apt-get install crun")]));
    }

    public Task AdoptTargetAsync(string target, CancellationToken cancellationToken)
    {
        Answer();
        Adopted.Add(target);
        return Task.CompletedTask;
    }

    public Task<OrphanReport> ListOrphansAsync(CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult(new OrphanReport([.. Orphans], [.. Unreachable]));
    }

    public Task RemoveOrphanAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        Answer();
        Orphans.Remove(orphan);
        return Task.CompletedTask;
    }

    public Task PokeAsync(string instanceId, CancellationToken cancellationToken)
    {
        Answer();
        lock (Poked)
            Poked.Add(instanceId);
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<long> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Answer();
        var channel = Channel.CreateUnbounded<long>();
        lock (watchers)
            watchers.Add(channel);
        await foreach (var value in channel.Reader.ReadAllAsync(cancellationToken))
            yield return value;
    }

    /// <summary>What comes of a wake.</summary>
    public Func<string, WakeRequest, Task<WakeAnswer>> Wake { get; set; } = (_, _) => Task.FromResult(new WakeAnswer(WakeOutcome.NotNow, "Nobody wakes it.", 1));

    /// <summary>What the gateway is told, and what it told.</summary>
    public Channel<GateOrder> Orders { get; } = Channel.CreateUnbounded<GateOrder>();

    public Channel<GateReport> Reports { get; } = Channel.CreateUnbounded<GateReport>();

    public async Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken)
    {
        Answer();
        return await Wake(instanceId, request);
    }

    public async IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Answer();
        var reading = Task.Run(
            async () =>
            {
                await foreach (var report in reports.ReadAllAsync(cancellationToken))
                    Reports.Writer.TryWrite(report);
            },
            cancellationToken);
        await foreach (var order in Orders.Reader.ReadAllAsync(cancellationToken))
            yield return order;
        await reading;
    }

    /// <summary>What the engine does with secrets; the tests of the API hand in the real thing.</summary>
    public EngineSecrets? Secrets { get; set; }

    public Task<byte[]> EnsureDataKeyAsync(string holder, CancellationToken cancellationToken)
    {
        Answer();
        return Secrets!.Vault.EnsureKeyAsync(holder, cancellationToken);
    }

    public Task<IReadOnlyList<ExportedSecret>> ExportSecretsAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken)
    {
        Answer();
        return Secrets!.ExportAsync(instanceId, recipient, cancellationToken);
    }

    public Task<RekeyReport> RekeyAsync(CancellationToken cancellationToken)
    {
        Answer();
        return Secrets!.Rekey.RunAsync(cancellationToken);
    }

    public Task<string> ReadMetricsAsync(CancellationToken cancellationToken)
    {
        Answer();
        return Task.FromResult("# TYPE tenantry_fake gauge\ntenantry_fake 1\n");
    }

    /// <summary>Tells everybody that something changed.</summary>
    public void Tell()
    {
        lock (watchers)
        {
            foreach (var watcher in watchers)
                watcher.Writer.TryWrite(0);
        }
    }

    private void Answer()
    {
        if (IsAway)
            throw new EngineUnavailableException("The engine is away.");
        if (Failure is not null)
            throw Failure;
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "dup")]
    private static extern int Dup(int descriptor);
}
