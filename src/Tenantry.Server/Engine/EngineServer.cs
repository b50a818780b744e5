using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Engine;

/// <summary>Offers an engine on a Unix socket to the users that may ask it; the kernel says who asks.</summary>
public sealed class EngineServer(IEngineLink engine, string socketPath, IReadOnlySet<uint> allowedUsers, ILogger<EngineServer> log)
{
    /// <summary>Listens until cancelled. Everybody may connect to the socket's file; who is not allowed gets the connection closed.</summary>
    public async Task RunAsync(Action listening, CancellationToken cancellationToken)
    {
        File.Delete(socketPath);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socketPath));
        File.SetUnixFileMode(
            socketPath,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        listener.Listen(512);
        listening();
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptAsync(cancellationToken), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            File.Delete(socketPath);
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        using var connection = new EngineConnection(socket);
        try
        {
            var peer = PeerCredentials.Of(socket);
            if (!allowedUsers.Contains(peer.UserId))
            {
                log.LogWarning("User {User} (process {Process}) is not allowed to ask the engine; closed", peer.UserId, peer.ProcessId);
                return;
            }

            if (await connection.ReadAsync(stopping) is not (EngineFrames.Request, var payload))
                return;
            var request = JsonSerializer.Deserialize<EngineRequest>(payload, EngineFrames.Json)!;
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await AnswerAsync(connection, request, ending);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side went away or we are stopping: there is nobody to tell.
            log.LogDebug(failure, "A connection to the engine ended");
        }
        catch (Exception failure)
        {
            log.LogError(failure, "The engine's socket failed");
        }
    }

    private async Task AnswerAsync(EngineConnection connection, EngineRequest request, CancellationTokenSource ending)
    {
        try
        {
            await CallAsync(connection, request, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            log.LogDebug("{Call} was cancelled by its caller", request.Call);
        }
        catch (Exception failure) when (failure is not (SocketException or ObjectDisposedException or IOException { InnerException: SocketException }))
        {
            if (failure is not (TargetException or KeyNotFoundException or NotSupportedException))
                log.LogError(failure, "{Call} failed", request.Call);
            await connection.WriteJsonAsync(EngineFrames.Failure, EngineFailure.From(failure), ending.Token);
        }
    }

    private async Task CallAsync(EngineConnection connection, EngineRequest request, CancellationTokenSource ending)
    {
        var id = request.InstanceId ?? "";
        var token = ending.Token;
        if (request.Call is not ("exec" or "import" or "attend"))
            _ = CancelWhenClosedAsync(connection, ending);
        switch (request.Call)
        {
            case "socket":
                using (var made = await engine.OpenSocketAsync(id, token))
                    await DescriptorPassing.SendAsync(connection.Socket, EngineFrames.Header(EngineFrames.Descriptor, 0), [made], token);
                break;
            case "logs":
                await StreamAsync(connection, engine.ReadLogsAsync(id, Argument<LogRequest>(request), token), token);
                break;
            case "watch":
                await StreamAsync(connection, engine.WatchAsync(token), token);
                break;
            case "metrics":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ReadMetricsAsync(token), token);
                break;
            case "stats":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ReadStatsAsync(id, token), token);
                break;
            case "plan":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.PlanAsync(Argument<PlanQuestion>(request), token), token);
                break;
            case "offer":
                await engine.OfferAsync(Argument<PlanQuestion>(request), token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "holder":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.FindHolderAsync(id, token), token);
                break;
            case "breakHold":
                await engine.BreakHoldAsync(id, Argument<string>(request), token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "look":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.LookAsync(id, token), token);
                break;
            case "costs":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ReadCostsAsync(Argument<CostQuestion>(request), token), token);
                break;
            case "probe":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ProbeAsync(Argument<string>(request), token), token);
                break;
            case "adoptTarget":
                await engine.AdoptTargetAsync(Argument<string>(request), token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "orphans":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ListOrphansAsync(token), token);
                break;
            case "removeOrphan":
                await engine.RemoveOrphanAsync(Argument<Orphan>(request), token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "poke":
                await engine.PokeAsync(id, token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "wake":
                if (id == WakeRequest.Nobody)
                    EngineFrames.Rehearse();
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.WakeAsync(id, Argument<WakeRequest>(request), token), token);
                break;
            case "restReason":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.ReadRestReasonAsync(id, token), token);
                break;
            case "dataKey":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.EnsureDataKeyAsync(Argument<string>(request), token), token);
                break;
            case "exportSecrets":
                foreach (var secret in await engine.ExportSecretsAsync(id, Argument<byte[]>(request), token))
                    await connection.WriteJsonAsync(EngineFrames.Output, secret, token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "rekey":
                await connection.WriteJsonAsync(EngineFrames.Done, await engine.RekeyAsync(token), token);
                break;
            case "attend":
                await AttendAsync(connection, ending);
                break;
            case "export":
                await using (var output = new FrameOutput(connection, EngineFrames.Output))
                    await engine.ExportAsync(id, output, token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "import":
                await using (var input = new FrameInput(connection, ending))
                    await engine.ImportAsync(id, input, token);
                await connection.WriteAsync(EngineFrames.Done, default, token);
                break;
            case "exec":
                await ExecAsync(connection, id, Argument<ExecArguments>(request), ending);
                break;
            default:
                throw new NotSupportedException($"This engine has no call '{request.Call}'.");
        }
    }

    private async Task AttendAsync(EngineConnection connection, CancellationTokenSource ending)
    {
        var reports = Channel.CreateUnbounded<GateReport>();
        var hearing = HearAsync(connection, reports.Writer, ending);
        await StreamAsync(connection, engine.AttendAsync(reports.Reader, ending.Token), ending.Token);
        await ending.CancelAsync();
        await hearing;
    }

    private static async Task HearAsync(EngineConnection connection, ChannelWriter<GateReport> reports, CancellationTokenSource ending)
    {
        try
        {
            while (await connection.ReadAsync(ending.Token) is (EngineFrames.Input, var payload))
                reports.TryWrite(JsonSerializer.Deserialize<GateReport>(payload, EngineFrames.Json)!);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException or JsonException or InvalidDataException)
        {
            // It left, or is not understood: either way nothing is known any more.
        }
        finally
        {
            reports.TryComplete();
        }
    }

    private async Task ExecAsync(EngineConnection connection, string id, ExecArguments arguments, CancellationTokenSource ending)
    {
        await using var input = new FrameInput(connection, ending);
        var request = new ExecRequest(
            arguments.Service,
            arguments.Command,
            input,
            async (piece, cancel) => await connection.WriteAsync(EngineFrames.Output, piece, cancel),
            async (piece, cancel) => await connection.WriteAsync(EngineFrames.ErrorOutput, piece, cancel));
        var code = await engine.ExecAsync(id, request, ending.Token);
        await connection.WriteJsonAsync(EngineFrames.Done, code, ending.Token);
    }

    private static async Task StreamAsync<T>(EngineConnection connection, IAsyncEnumerable<T> items, CancellationToken cancellationToken)
    {
        await foreach (var item in items.WithCancellation(cancellationToken))
            await connection.WriteJsonAsync(EngineFrames.Output, item, cancellationToken);
        await connection.WriteAsync(EngineFrames.Done, default, cancellationToken);
    }

    private static async Task CancelWhenClosedAsync(EngineConnection connection, CancellationTokenSource ending)
    {
        try
        {
            await connection.ReadAsync(ending.Token);
            await ending.CancelAsync();
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            try
            {
                await ending.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The call had ended before.
            }
        }
    }

    private static T Argument<T>(EngineRequest request) =>
        request.Arguments is { } arguments ? arguments.Deserialize<T>(EngineFrames.Json)! : throw new InvalidDataException($"'{request.Call}' needs arguments.");
}

/// <summary>Arguments of an exec on the wire.</summary>
internal sealed record ExecArguments(string? Service, IReadOnlyList<string> Command);
