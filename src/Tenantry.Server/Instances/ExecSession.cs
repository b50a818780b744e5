using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>One command inside an instance over one WebSocket. It is audited with its program's name; arguments may be secret.</summary>
public sealed class ExecSession(IStore store, IEngineLink engine, TimeProvider time)
{
    private const int LongestStart = 1 << 20;
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    public async Task RunAsync(InstanceRecord record, WebSocket socket, HttpContext context, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var input = new ExecInput(socket, ending);
        Task? pumping = null;
        try
        {
            ExecResponse answer;
            try
            {
                var start = await ReadStartAsync(socket, cancellationToken);
                await ServiceNames.CheckAsync(store, record, start.Service, cancellationToken);
                await AuditAsync(record, start, context);
                pumping = input.PumpAsync();
                answer = new ExecResponse(await RunAsync(record, start, socket, input, ending.Token));
            }
            catch (Exception failure) when (failure is not (WebSocketException or OperationCanceledException))
            {
                answer = new ExecResponse(null, Problems.Of(failure) with { RequestId = context.TraceIdentifier });
            }

            input.Close();
            pumping ??= input.PumpAsync();
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(answer, WireJson.Options), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
            await Task.WhenAny(pumping, Task.Delay(FarewellPatience, time, cancellationToken));
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException)
        {
            // The caller is gone, and the command with it: nobody is left to tell.
        }
        finally
        {
            socket.Abort();
            input.Close();
            await (pumping ?? Task.CompletedTask);
        }
    }

    private async Task<int> RunAsync(InstanceRecord record, ExecStartRequest start, WebSocket socket, ExecInput input, CancellationToken cancellationToken)
    {
        using var writing = new SemaphoreSlim(1, 1);
        var request = new ExecRequest(
            start.Service,
            start.Command,
            input.Stream,
            (data, token) => SendAsync(ExecChannel.Output, data, token),
            (data, token) => SendAsync(ExecChannel.Error, data, token));
        return await engine.ExecAsync(record.Spec.Id, request, cancellationToken);

        async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken token)
        {
            var message = new byte[data.Length + 1];
            message[0] = channel;
            data.CopyTo(message.AsMemory(1));
            await writing.WaitAsync(token);
            try
            {
                await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, token);
            }
            finally
            {
                writing.Release();
            }
        }
    }

    private Task AuditAsync(InstanceRecord record, ExecStartRequest start, HttpContext context) => store.AppendAuditAsync(
        new AuditEntry(
            Caller.Of(context).Name, "instance.exec", $"instance {record.Spec.Slug}", "started", start.Command[0], context.TraceIdentifier, time.GetUtcNow())
        { Through = Caller.Of(context).ThroughText, Organization = record.Spec.Organization },
        CancellationToken.None);

    private static async Task<ExecStartRequest> ReadStartAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[4096];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (part.MessageType != WebSocketMessageType.Text || text.Length + part.Count > LongestStart)
                throw ProblemException.BadRequest($"The first message must be the command, as JSON text of at most {LongestStart} bytes.");
            text.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        var start = StrictJson.Read<ExecStartRequest>(text.ToArray());
        return start.Command.Count > 0 && start.Command[0].Length > 0 ? start : throw ProblemException.Invalid("command", "A program and its arguments are expected.");
    }
}
