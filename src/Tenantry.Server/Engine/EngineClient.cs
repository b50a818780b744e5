using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Secrets;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Engine;

/// <summary>Asks an engine over its Unix socket; one connection a call.</summary>
public sealed class EngineClient(string socketPath) : IEngineLink
{
    /// <inheritdoc/>
    public async Task<SafeSocketHandle> OpenSocketAsync(string instanceId, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync("socket", instanceId, null, cancellationToken);
        var header = new byte[EngineFrames.HeaderLength];
        var message = await ReceiveAsync(connection.Socket, header, cancellationToken);
        if (header[0] == EngineFrames.Descriptor && message.Descriptors.Count == 1)
            return message.Descriptors[0].TakeSocket();
        foreach (var descriptor in message.Descriptors)
            descriptor.Dispose();
        throw Failed(await connection.ReadPayloadAsync(header, cancellationToken));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<LogLine> ReadLogsAsync(string instanceId, LogRequest request, CancellationToken cancellationToken) =>
        StreamAsync<LogLine>("logs", instanceId, request, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<long> WatchAsync(CancellationToken cancellationToken) => StreamAsync<long>("watch", null, null, cancellationToken);

    /// <inheritdoc/>
    public Task<string> ReadMetricsAsync(CancellationToken cancellationToken) => CallAsync<string>("metrics", null, null, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceStats> ReadStatsAsync(string instanceId, CancellationToken cancellationToken) =>
        CallAsync<InstanceStats>("stats", instanceId, null, cancellationToken);

    /// <inheritdoc/>
    public Task<Plan> PlanAsync(PlanQuestion question, CancellationToken cancellationToken) => CallAsync<Plan>("plan", question.Spec.Id, question, cancellationToken);

    /// <inheritdoc/>
    public Task OfferAsync(PlanQuestion question, CancellationToken cancellationToken) => CallAsync("offer", question.Spec.Id, question, cancellationToken);

    /// <inheritdoc/>
    public Task<StateHolder?> FindHolderAsync(string instanceId, CancellationToken cancellationToken) => CallAsync<StateHolder?>("holder", instanceId, null, cancellationToken);

    /// <inheritdoc/>
    public Task BreakHoldAsync(string instanceId, string hold, CancellationToken cancellationToken) => CallAsync("breakHold", instanceId, hold, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LookedAt>> LookAsync(string instanceId, CancellationToken cancellationToken) => CallAsync<IReadOnlyList<LookedAt>>("look", instanceId, null, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ActualCost>> ReadCostsAsync(CostQuestion question, CancellationToken cancellationToken) =>
        CallAsync<IReadOnlyList<ActualCost>>("costs", null, question, cancellationToken);

    /// <inheritdoc/>
    public Task<ProbeReport> ProbeAsync(string target, CancellationToken cancellationToken) => CallAsync<ProbeReport>("probe", null, target, cancellationToken);

    /// <inheritdoc/>
    public async Task<OrphanReport> ListOrphansAsync(CancellationToken cancellationToken) =>
        await CallAsync<OrphanReport>("orphans", null, null, cancellationToken);

    /// <inheritdoc/>
    public Task AdoptTargetAsync(string target, CancellationToken cancellationToken) => CallAsync("adoptTarget", "", target, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveOrphanAsync(Orphan orphan, CancellationToken cancellationToken) => CallAsync("removeOrphan", orphan.Ref.Id, orphan, cancellationToken);

    /// <inheritdoc/>
    public Task PokeAsync(string instanceId, CancellationToken cancellationToken) => CallAsync("poke", instanceId, null, cancellationToken);

    /// <inheritdoc/>
    public Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken) =>
        CallAsync<WakeAnswer>("wake", instanceId, request, cancellationToken);

    /// <inheritdoc/>
    public Task<string> ReadRestReasonAsync(string instanceId, CancellationToken cancellationToken) =>
        CallAsync<string>("restReason", instanceId, null, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> EnsureDataKeyAsync(string holder, CancellationToken cancellationToken) => CallAsync<byte[]>("dataKey", null, holder, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExportedSecret>> ExportSecretsAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken) =>
        await StreamAsync<ExportedSecret>("exportSecrets", instanceId, recipient, cancellationToken).ToListAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<RekeyReport> RekeyAsync(CancellationToken cancellationToken) => CallAsync<RekeyReport>("rekey", null, null, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var connection = await AskAsync("attend", null, null, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var telling = TellAsync(connection, reports, ending.Token);
        try
        {
            while (await NextAsync(connection, cancellationToken) is (EngineFrames.Output, var payload))
                yield return JsonSerializer.Deserialize<GateOrder>(payload, EngineFrames.Json)!;
        }
        finally
        {
            await ending.CancelAsync();
            await telling;
        }
    }

    /// <inheritdoc/>
    public async Task ExportAsync(string instanceId, Stream output, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync("export", instanceId, null, cancellationToken);
        while (await NextAsync(connection, cancellationToken) is (EngineFrames.Output, var payload))
            await output.WriteAsync(payload, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task ImportAsync(string instanceId, Stream input, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync("import", instanceId, null, cancellationToken);
        var sending = SendInputAsync(connection, input, cancellationToken);
        await NextAsync(connection, cancellationToken);
        await sending;
    }

    /// <inheritdoc/>
    public async Task<int> ExecAsync(string instanceId, ExecRequest request, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync("exec", instanceId, new ExecArguments(request.Service, request.Command), cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = SendInputAsync(connection, request.Input, ending.Token);
        while (true)
        {
            switch (await NextAsync(connection, cancellationToken))
            {
                case (EngineFrames.Output, var payload):
                    await request.Output(payload, cancellationToken);
                    break;
                case (EngineFrames.ErrorOutput, var payload):
                    await request.Error(payload, cancellationToken);
                    break;
                case (_, var payload):
                    await ending.CancelAsync();
                    await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return JsonSerializer.Deserialize<int>(payload, EngineFrames.Json);
            }
        }
    }

    private static async Task SendInputAsync(EngineConnection connection, Stream input, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            for (int count; (count = await input.ReadAsync(buffer, cancellationToken)) > 0;)
                await connection.WriteAsync(EngineFrames.Input, buffer.AsMemory(0, count), cancellationToken);
            await connection.WriteAsync(EngineFrames.Input, default, cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException || failure.InnerException is SocketException || failure is ObjectDisposedException)
        {
            // The engine stopped reading: its answer says why.
        }
    }

    private static async Task TellAsync(EngineConnection connection, ChannelReader<GateReport> reports, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var report in reports.ReadAllAsync(cancellationToken))
                await connection.WriteJsonAsync(EngineFrames.Input, report, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction sees the end.
        }
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(
        string call, string? instanceId, object? arguments, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var connection = await AskAsync(call, instanceId, arguments, cancellationToken);
        while (await NextAsync(connection, cancellationToken) is (EngineFrames.Output, var payload))
            yield return JsonSerializer.Deserialize<T>(payload, EngineFrames.Json)!;
    }

    private async Task<T> CallAsync<T>(string call, string? instanceId, object? arguments, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync(call, instanceId, arguments, cancellationToken);
        var (_, payload) = await NextAsync(connection, cancellationToken);
        return JsonSerializer.Deserialize<T>(payload, EngineFrames.Json)!;
    }

    private async Task CallAsync(string call, string? instanceId, object? arguments, CancellationToken cancellationToken)
    {
        using var connection = await AskAsync(call, instanceId, arguments, cancellationToken);
        await NextAsync(connection, cancellationToken);
    }

    private async Task<EngineConnection> AskAsync(string call, string? instanceId, object? arguments, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            var connection = new EngineConnection(socket);
            JsonElement? element = arguments is null ? null : JsonSerializer.SerializeToElement(arguments, arguments.GetType(), EngineFrames.Json);
            await connection.WriteJsonAsync(EngineFrames.Request, new EngineRequest(call, instanceId, element), cancellationToken);
            return connection;
        }
        catch (Exception failure)
        {
            socket.Dispose();
            if (failure is SocketException or IOException)
                throw Away(failure);
            throw;
        }
    }

    private static async Task<(byte Kind, byte[] Payload)> NextAsync(EngineConnection connection, CancellationToken cancellationToken)
    {
        (byte Kind, byte[] Payload)? frame;
        try
        {
            frame = await connection.ReadAsync(cancellationToken);
        }
        catch (IOException failure)
        {
            throw Away(failure);
        }

        return frame switch
        {
            null => throw Away(null),
            (EngineFrames.Failure, var payload) => throw Failed(payload),
            var (kind, payload) => (kind, payload),
        };
    }

    private static async Task<ReceivedMessage> ReceiveAsync(Socket socket, byte[] header, CancellationToken cancellationToken)
    {
        try
        {
            var message = await DescriptorPassing.ReceiveAsync(socket, header, cancellationToken);
            return message.Count == header.Length ? message : throw Away(null);
        }
        catch (Exception failure) when (failure is SocketException or LinuxException)
        {
            throw Away(failure);
        }
    }

    private static Exception Failed(byte[] payload) => JsonSerializer.Deserialize<EngineFailure>(payload, EngineFrames.Json)!.ToException();

    private static EngineUnavailableException Away(Exception? cause) =>
        new("The engine does not answer on its socket. It may be restarting; instances go on running. Look at the log of 'tenantry serve'.", cause);
}
