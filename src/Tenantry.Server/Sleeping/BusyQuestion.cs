using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Sleeping;

/// <summary>Asks an app whether it is busy, from inside its instance.</summary>
internal static class BusyQuestion
{
    private const int LongestAnswer = 64 * 1024;

    /// <summary>Whatever is not a clear answer in time is none.</summary>
    public static async Task<BusyAnswer> AskAsync(
        ITarget target, InstanceRef instance, Endpoint? endpoint, string? service, BusyDefinition busy, CancellationToken cancellationToken)
    {
        if (busy is { Http: null, Command.Count: 0 })
            return BusyAnswer.Nobody;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(busy.Timeout);
        try
        {
            if (busy.Http is { } http)
                return target is ISockets sockets && endpoint is not null ? await GetAsync(sockets, endpoint with { Port = http.Port }, http, limit.Token) : BusyAnswer.NoAnswer;
            return target is IExec exec ? await RunAsync(exec, instance, service, busy.Command, limit.Token) : BusyAnswer.NoAnswer;
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return BusyAnswer.NoAnswer;
        }
    }

    private static async Task<BusyAnswer> GetAsync(ISockets sockets, Endpoint endpoint, HttpProbe probe, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = async (_, token) => await ConnectAsync(sockets, endpoint, token),
        };
        using var client = new HttpClient(handler) { MaxResponseContentBufferSize = LongestAnswer };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{probe.Port}{probe.Path}");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tenantry-busy", null));
        using var answer = await client.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
            return BusyAnswer.NoAnswer;
        using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken), new JsonDocumentOptions { AllowDuplicateProperties = false });
        return body.RootElement.TryGetProperty("busy", out var said) && said.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? said.GetBoolean() ? BusyAnswer.Busy : BusyAnswer.Idle
            : BusyAnswer.NoAnswer;
    }

    private static async Task<Stream> ConnectAsync(ISockets sockets, Endpoint endpoint, CancellationToken cancellationToken)
    {
        var isInside = endpoint.NamespacePid is not null || endpoint.NamespacePath is not null;
        var socket = isInside ? new Socket(await sockets.OpenSocketAsync(endpoint, cancellationToken)) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(endpoint.Host), endpoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<BusyAnswer> RunAsync(IExec exec, InstanceRef instance, string? service, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        static ValueTask Drop(ReadOnlyMemory<byte> piece, CancellationToken token) => ValueTask.CompletedTask;
        var code = await exec.ExecAsync(instance, new ExecRequest(service, command, Stream.Null, Drop, Drop), cancellationToken);
        return code == 0 ? BusyAnswer.Idle : BusyAnswer.Busy;
    }
}
