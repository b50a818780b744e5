using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Server.Engine;
using Tenantry.Server.Secrets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Engine;

public sealed class EngineSocketTests : IAsyncLifetime
{
    private static readonly InstanceSpec Spec = new(
        "i1", "alice", "alice", "default", "app", "prod", "t", "default", "r1", [], new Dictionary<string, string>(StringComparer.Ordinal), DesiredState.Running, 0, 1, default);

    private readonly string folder = Directory.CreateTempSubdirectory("tenantry-engine-").FullName;
    private readonly CancellationTokenSource stop = new(TimeSpan.FromMinutes(1));
    private readonly ScriptedEngine engine = new();
    private Task serving = Task.CompletedTask;

    private string SocketPath => Path.Combine(folder, "engine.sock");

    private EngineClient Client => new(SocketPath);

    public Task InitializeAsync() => ServeAsync([Environment.IsPrivilegedProcess ? 0u : UserId()]);

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        await serving;
        stop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task ASocketIsHandedOver()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var socket = new Socket(await Client.OpenSocketAsync("i1", stop.Token));
        await socket.ConnectAsync(listener.LocalEndPoint!, stop.Token);
        using var peer = await listener.AcceptAsync(stop.Token);
        await socket.SendAsync("x"u8.ToArray(), stop.Token);
        (await peer.ReceiveAsync(new byte[1], stop.Token)).ShouldBe(1);
    }

    [Fact]
    public async Task LogsAreStreamedUntilTheyEnd()
    {
        var lines = new List<string>();
        await foreach (var line in Client.ReadLogsAsync("i1", new LogRequest(Tail: 3), stop.Token))
            lines.Add(line.Text);
        lines.ShouldBe(["line 0", "line 1", "line 2"]);
    }

    [Fact]
    public async Task LeavingAStreamCancelsItInTheEngine()
    {
        await foreach (var _ in Client.ReadLogsAsync("i1", new LogRequest(Follow: true), stop.Token))
            break;
        await engine.Cancelled.Task.WaitAsync(stop.Token);
    }

    [Fact]
    public async Task AnExecStreamsBothWaysAndGivesItsCode()
    {
        using var input = new MemoryStream(Encoding.ASCII.GetBytes("typed"));
        var output = new StringBuilder();
        var error = new StringBuilder();
        var code = await Client.ExecAsync(
            "i1",
            new ExecRequest(null, ["cat", "x"], input, (piece, _) => Take(output, piece), (piece, _) => Take(error, piece)),
            stop.Token);
        (code, output.ToString(), error.ToString()).ShouldBe((5, "typed", "cat x"));
    }

    [Fact]
    public async Task DataGoesBothWays()
    {
        var large = new byte[3_000_000];
        Random.Shared.NextBytes(large);
        await Client.ImportAsync("i1", new MemoryStream(large), stop.Token);
        using var back = new MemoryStream();
        await Client.ExportAsync("i1", back, stop.Token);
        back.ToArray().ShouldBe(large);
    }

    [Fact]
    public async Task KeysAndSealedSecretsCrossTheSocket()
    {
        (await Client.EnsureDataKeyAsync("tenant:alice", stop.Token)).ShouldBe("tenant:alice"u8.ToArray());
        var secrets = await Client.ExportSecretsAsync("i1", [7, 8], stop.Token);
        (secrets.Count, secrets[29].Name, secrets[29].Scope, secrets[29].Sealed.Length, secrets[29].Sealed[1]).ShouldBe((30, "s29", SecretScope.Tenant, 65538, (byte)8));
        (await Client.RekeyAsync(stop.Token)).ShouldBe(new RekeyReport(3, "mark"));
    }

    [Fact]
    public async Task ATargetsFailureArrivesWhole()
    {
        engine.Failure = new TargetException("the disk is full", retryable: false, new ResourceName("volume", "alice-data"), "Make room.", fault: TargetFault.Space);
        var failure = await Should.ThrowAsync<TargetException>(() => Client.ReadStatsAsync("i1", stop.Token));
        failure.Sentence.ShouldBe("volume alice-data: the disk is full Make room.");
        failure.Retryable.ShouldBeFalse();
        failure.Fault.ShouldBe(TargetFault.Space);
    }

    [Fact]
    public async Task AFailureBeforeASocketArrivesToo()
    {
        engine.Failure = new KeyNotFoundException("no instance i1");
        await Should.ThrowAsync<KeyNotFoundException>(() => Client.OpenSocketAsync("i1", stop.Token));
    }

    [Fact]
    public async Task APlanAndAProbeCrossTheSocket()
    {
        (await Client.PlanAsync(new PlanQuestion(Spec), stop.Token)).Steps.Single().ToString().ShouldContain("alice-data");
        (await Client.ProbeAsync("t", stop.Token)).Works.ShouldBeTrue();
        var report = await Client.ListOrphansAsync(stop.Token);
        (report.Orphans.Single().Ref.Slug, report.Unreachable.Single()).ShouldBe(("lost", new UnreachableTarget("away", "It is away.")));
    }

    [Fact]
    public async Task AnEngineThatIsAwayIsSaidSo() =>
        await Should.ThrowAsync<EngineUnavailableException>(() => new EngineClient(Path.Combine(folder, "nothing.sock")).ReadStatsAsync("i1", stop.Token));

    [Fact]
    public async Task WhoGivesUpAnEngineThatHangsLeavesNoConnection()
    {
        var path = Path.Combine(folder, "hangs.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var asking = new EngineClient(path).ExportSecretsAsync("i1", new byte[10_000_000], patience.Token);
        using var hanging = await listener.AcceptAsync(stop.Token);

        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asking);

        // What it had sent until then, and the end.
        var buffer = new byte[100_000];
        while (await hanging.ReceiveAsync(buffer, stop.Token) > 0)
        {
        }
    }

    [Fact]
    public async Task AUserWhoIsNotAllowedGetsNothing()
    {
        await stop.CancelAsync();
        await serving;
        using var again = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var listening = new TaskCompletionSource();
        var other = new EngineServer(engine, SocketPath, new HashSet<uint> { 4_000_000_000 }, NullLogger<EngineServer>.Instance)
            .RunAsync(listening.SetResult, again.Token);
        await Task.WhenAny(listening.Task, other).WaitAsync(again.Token);
        await Should.ThrowAsync<EngineUnavailableException>(() => Client.ReadStatsAsync("i1", again.Token));
        await again.CancelAsync();
        await other;
    }

    private async Task ServeAsync(HashSet<uint> users)
    {
        var listening = new TaskCompletionSource();
        serving = new EngineServer(engine, SocketPath, users, NullLogger<EngineServer>.Instance).RunAsync(listening.SetResult, stop.Token);
        await Task.WhenAny(listening.Task, serving).WaitAsync(stop.Token);
    }

    private static uint UserId() => uint.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1]);

    private static ValueTask Take(StringBuilder text, ReadOnlyMemory<byte> piece)
    {
        text.Append(Encoding.ASCII.GetString(piece.Span));
        return ValueTask.CompletedTask;
    }

    private sealed class ScriptedEngine : IEngineLink
    {
        // Kept, so that no finalizer closes a handle before it was handed over.
        private readonly List<Socket> opened = [];
        private byte[] data = [];

        public Exception? Failure { get; set; }

        public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<SafeSocketHandle> OpenSocketAsync(string instanceId, CancellationToken cancellationToken)
        {
            if (Failure is not null)
                throw Failure;
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            opened.Add(socket);
            return Task.FromResult(socket.SafeHandle);
        }

        public async IAsyncEnumerable<LogLine> ReadLogsAsync(string instanceId, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                for (var number = 0; request.Follow || number < request.Tail; number++)
                {
                    yield return new LogLine(default, "web", false, $"line {number}");
                    await Task.Delay(1, cancellationToken);
                }
            }
            finally
            {
                Cancelled.TrySetResult();
            }
        }

        public Task<InstanceStats> ReadStatsAsync(string instanceId, CancellationToken cancellationToken) =>
            throw Failure ?? new NotSupportedException("nothing to tell");

        public async Task<int> ExecAsync(string instanceId, ExecRequest request, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(request.Input);
            await request.Output(Encoding.ASCII.GetBytes(await reader.ReadToEndAsync(cancellationToken)), cancellationToken);
            await request.Error(Encoding.ASCII.GetBytes(string.Join(' ', request.Command)), cancellationToken);
            return 5;
        }

        public async Task ExportAsync(string instanceId, Stream output, CancellationToken cancellationToken) => await output.WriteAsync(data, cancellationToken);

        public async Task ImportAsync(string instanceId, Stream input, CancellationToken cancellationToken)
        {
            using var all = new MemoryStream();
            await input.CopyToAsync(all, cancellationToken);
            data = all.ToArray();
        }

        public Task<Plan> PlanAsync(PlanQuestion question, CancellationToken cancellationToken) =>
            Task.FromResult(new Plan([new PlanStep(new ResourceName("volume", $"{question.Spec.Slug}-data"), StepAction.Create, "new")]));

        public Task<ProbeReport> ProbeAsync(string target, CancellationToken cancellationToken) =>
            Task.FromResult(new ProbeReport(true, [new ProbeFinding("crun", ProbeLevel.Ok, "is there")]));

        public Task AdoptTargetAsync(string target, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<OrphanReport> ListOrphansAsync(CancellationToken cancellationToken) =>
            Task.FromResult(new OrphanReport([new Orphan("t", new InstanceRef("i9", "lost", "me"))], [new UnreachableTarget("away", "It is away.")]));

        public Task RemoveOrphanAsync(Orphan orphan, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task PokeAsync(string instanceId, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<byte[]> EnsureDataKeyAsync(string holder, CancellationToken cancellationToken) => Task.FromResult(Encoding.UTF8.GetBytes(holder));

        // Together they are longer than a frame.
        public Task<IReadOnlyList<ExportedSecret>> ExportSecretsAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<ExportedSecret>>([.. Enumerable.Range(0, 30).Select(i => new ExportedSecret($"s{i}", SecretScope.Tenant, [.. recipient, .. new byte[65536]]))]);

        public Task<RekeyReport> RekeyAsync(CancellationToken cancellationToken) => Task.FromResult(new RekeyReport(3, "mark"));

        public Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken) =>
            Task.FromResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Endpoint("127.0.0.1", 80, NamespacePath: "/run/" + instanceId)));

        public async IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var report in reports.ReadAllAsync(cancellationToken))
            {
                foreach (var use in report.Uses)
                    yield return new GateOrder(GateOrderKind.Close, use.InstanceId, use.Requests);
            }

            Cancelled.TrySetResult();
        }

        public async IAsyncEnumerable<long> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return 1;
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
