using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Targets.Abstractions;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class ExecTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static async Task<TestApi> WithAliceAsync()
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        return api;
    }

    private static LogLine Line(string text, bool isError = false) => new(DateTimeOffset.UnixEpoch, "web", isError, text);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACommandGetsItsInputAndItsOutputsAndExitCodeComeBack(bool overTcp)
    {
        await using var api = await WithAliceAsync();
        api.Engine.Exec = async (request, cancellationToken) =>
        {
            using var reader = new StreamReader(request.Input);
            var input = await reader.ReadToEndAsync(cancellationToken);
            await request.Output(Encoding.UTF8.GetBytes($"{string.Join(' ', request.Command)} {request.Service} "), cancellationToken);
            await request.Output(Encoding.UTF8.GetBytes(new string('x', 100_000) + input), cancellationToken);
            await request.Error("oops"u8.ToArray(), cancellationToken);
            return 7;
        };
        using var client = overTcp
            ? new TenantryClient(TenantryAddress.Parse(api.Address.ToString()), await api.TokenAsync())
            : new TenantryClient(TenantryAddress.OfSocket(api.Socket));
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(new string('i', 200_000)));
        using var output = new MemoryStream();
        using var error = new MemoryStream();

        var code = await client.Instances.ExecAsync("alice", new ExecStartRequest(["cat", "-n"], "web"), new ExecStreams(input, output, error));

        code.ShouldBe(7);
        Encoding.UTF8.GetString(output.ToArray()).ShouldBe("cat -n web " + new string('x', 100_000) + new string('i', 200_000));
        Encoding.UTF8.GetString(error.ToArray()).ShouldBe("oops");
        var row = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit"))).Items[0];
        (row.Action, row.Subject, row.Detail).ShouldBe(("instance.exec", "instance alice", "cat"));
    }

    [Fact]
    public async Task AServiceThatTheInstanceDoesNotHaveIsNotFoundForCommandsAndLogs()
    {
        await using var api = await WithAliceAsync();
        using var client = new TenantryClient(TenantryAddress.OfSocket(api.Socket));

        var exec = await Should.ThrowAsync<TenantryException>(() => client.Instances.ExecAsync("alice", new ExecStartRequest(["true"], "wab"), new ExecStreams(null, Stream.Null, Stream.Null)));
        var logs = await Should.ThrowAsync<TenantryException>(() => client.Instances.ReadLogsAsync("alice", new LogQuery("wab")).FirstOrDefaultAsync().AsTask());

        (exec.Status, logs.Status).ShouldBe((HttpStatusCode.NotFound, HttpStatusCode.NotFound));
        exec.Message.ShouldBe("The instance 'alice' has no service 'wab'; it has web. Did you mean 'web'?");
        logs.Message.ShouldBe(exec.Message);
    }

    [Fact]
    public async Task ACommandThatReadsNothingEndsAllTheSame()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Exec = (_, _) => Task.FromResult(3);
        using var client = new TenantryClient(TenantryAddress.OfSocket(api.Socket));
        using var input = new MemoryStream(new byte[5_000_000]);

        (await client.Instances.ExecAsync("alice", new ExecStartRequest(["true"]), new ExecStreams(input, Stream.Null, Stream.Null))).ShouldBe(3);
    }

    [Fact]
    public async Task ACommandThatCannotBeRunIsAProblem()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Exec = (_, _) => throw new TargetException("It does not run.", retryable: true);
        using var client = new TenantryClient(TenantryAddress.OfSocket(api.Socket));

        var failure = await Should.ThrowAsync<TenantryException>(
            () => client.Instances.ExecAsync("alice", new ExecStartRequest(["true"]), new ExecStreams(null, Stream.Null, Stream.Null)));
        var empty = await Should.ThrowAsync<TenantryException>(
            () => client.Instances.ExecAsync("alice", new ExecStartRequest([]), new ExecStreams(null, Stream.Null, Stream.Null)));
        var missing = await Should.ThrowAsync<TenantryException>(
            () => client.Instances.ExecAsync("bob", new ExecStartRequest(["true"]), new ExecStreams(null, Stream.Null, Stream.Null)));

        (failure.Status, failure.Code).ShouldBe((HttpStatusCode.BadGateway, ProblemCodes.TargetFailed));
        empty.Code.ShouldBe(ProblemCodes.Invalid);
        missing.Code.ShouldBe(ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ACallerThatLeavesEndsTheCommand()
    {
        await using var api = await WithAliceAsync();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Engine.Exec = async (_, cancellationToken) =>
        {
            begun.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                ended.SetResult();
                throw;
            }

            return 0;
        };
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ExecChannel.Protocol);
        socket.Options.SetRequestHeader("Authorization", "Bearer " + await api.TokenAsync());
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{api.Address.Port}/v1/instances/alice/exec"), CancellationToken.None);
        await socket.SendAsync("""{"command":["sleep","9"]}"""u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        await begun.Task.WaitAsync(Patience);

        socket.Abort();

        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task ExecOverAnOrdinaryRequestIsToldToUpgrade()
    {
        await using var api = await WithAliceAsync();

        await ProblemAsync(await api.Local.GetAsync("/v1/instances/alice/exec"), HttpStatusCode.UpgradeRequired, ProblemCodes.BadRequest);
    }

    [Fact]
    public async Task DataGoesOutAndIn()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Data = [1, 2, 3];

        using var export = await api.Local.GetAsync("/v1/instances/alice/data");
        var out1 = await export.Content.ReadAsByteArrayAsync();
        using var sleep = await api.Local.PostAsync("/v1/instances/alice/sleep", null);
        await api.SeeAsync("alice", InstancePhase.Asleep);
        var large = new byte[5_000_000];
        large[^1] = 9;
        using var import = await api.Local.PutAsync("/v1/instances/alice/data", new ByteArrayContent(large) { Headers = { { "Content-Type", "application/x-tar" } } });

        export.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-tar");
        out1.ShouldBe([1, 2, 3]);
        import.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Engine.Data.ShouldBe(large);
    }

    [Fact]
    public async Task DataIsTakenInByASleepingInstanceAlone()
    {
        await using var api = await WithAliceAsync();
        await api.SeeAsync("alice", InstancePhase.Running);

        await ProblemAsync(
            await api.Local.PutAsync("/v1/instances/alice/data", new ByteArrayContent([1]) { Headers = { { "Content-Type", "application/x-tar" } } }),
            HttpStatusCode.Conflict,
            ProblemCodes.Conflict);
        await ProblemAsync(
            await api.Local.PutAsync("/v1/instances/alice/data", Json(new { })), HttpStatusCode.UnsupportedMediaType, ProblemCodes.UnsupportedMediaType);
    }

    [Fact]
    public async Task DataForAnInstanceThatIsJustBeingWokenIsRefusedAtOnceAndNotWhenItIsHealthy()
    {
        await using var api = await WithAliceAsync();
        await api.SeeAsync("alice", InstancePhase.Asleep);

        var refused = await ProblemAsync(
            await api.Local.PutAsync("/v1/instances/alice/data", new ByteArrayContent([1]) { Headers = { { "Content-Type", "application/x-tar" } } }),
            HttpStatusCode.Conflict,
            ProblemCodes.Conflict);

        refused.Detail.ShouldContain("it is to be Running");
    }

    [Fact]
    public async Task ATarThatTheTargetRefusesIsTheCallersMistakeAndAFullDiskIsNot()
    {
        await using var api = await WithAliceAsync();
        using var sleep = await api.Local.PostAsync("/v1/instances/alice/sleep", null);
        await api.SeeAsync("alice", InstancePhase.Asleep);
        api.Engine.Failure = new TargetException("This is not a tar: it is text.", retryable: false, fault: TargetFault.Input);
        var refused = await ProblemAsync(await PutAsync(), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        api.Engine.Failure = new TargetException("The disk is full.", retryable: false, fault: TargetFault.Space);
        var full = await ProblemAsync(await PutAsync(), HttpStatusCode.InsufficientStorage, ProblemCodes.NoSpace);

        refused.Errors!.Single().Message.ShouldBe("This is not a tar: it is text.");
        full.Detail.ShouldBe("The disk is full.");

        Task<HttpResponseMessage> PutAsync() =>
            api.Local.PutAsync("/v1/instances/alice/data", new ByteArrayContent([1]) { Headers = { { "Content-Type", "application/x-tar" } } });
    }
}
