using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Informational answers to a client that speaks HTTP/2, for which Kestrel (of .NET 10) has no public word. What it writes frames with has one for heads, which orders them
/// with all other frames of the connection. A Kestrel that has these members no more leaves such answers out.
/// </summary>
internal sealed class Http2Informational
{
    private const string Within = "Microsoft.AspNetCore.Server.Kestrel.Core.Internal.";
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private static readonly Http2Informational? found = Find();
    private readonly FieldInfo contextOfStream;
    private readonly MethodInfo writerOfContext;
    private readonly MethodInfo writeHeaders;
    private readonly MethodInfo writePing;
    private readonly ConstructorInfo headers;
    private readonly object noFlags;
    private readonly object noPingFlags;

    private Http2Informational(FieldInfo contextOfStream, MethodInfo writerOfContext, MethodInfo writeHeaders, MethodInfo writePing, ConstructorInfo headers)
    {
        this.contextOfStream = contextOfStream;
        this.writerOfContext = writerOfContext;
        this.writeHeaders = writeHeaders;
        this.writePing = writePing;
        this.headers = headers;
        noFlags = Enum.ToObject(writeHeaders.GetParameters()[2].ParameterType, 0);
        noPingFlags = Enum.ToObject(writePing.GetParameters()[0].ParameterType, 0);
    }

    /// <summary>Ends when the client's connection has taken it. Nothing of the answer itself may have begun.</summary>
    public static async ValueTask SayAsync(HttpContext context, AnswerHead head)
    {
        if (found?.Write(context, head) is { } taking)
            await taking.AsTask().WaitAsync(context.RequestAborted);
    }

    private ValueTask<FlushResult>? Write(HttpContext context, AnswerHead head)
    {
        if (context.Features.Get<IHttp2StreamIdFeature>() is not { } stream || !contextOfStream.DeclaringType!.IsInstanceOfType(stream))
            return null;
        try
        {
            var writer = writerOfContext.Invoke(contextOfStream.GetValue(stream), null);
            var fields = (IHeaderDictionary)headers.Invoke([(Func<string, Encoding?>)(static _ => Encoding.Latin1)]);
            head.CopyInformationalTo(fields);
            writeHeaders.Invoke(writer, [stream.StreamId, head.Status, noFlags, fields]);
            // Nothing else sends a head on its way that no data follow; the client answers it, and that is all.
            return (ValueTask<FlushResult>)writePing.Invoke(writer, [noPingFlags, new ReadOnlySequence<byte>(new byte[8])])!;
        }
        catch (Exception failure) when (failure is TargetInvocationException or InvalidOperationException)
        {
            // The connection is just ending. The answer itself says what there is to say.
            return null;
        }
    }

    private static Http2Informational? Find()
    {
        var kestrel = typeof(KestrelServer).Assembly;
        var fields = kestrel.GetType(Within + "Http.HttpResponseHeaders");
        var writer = kestrel.GetType(Within + "Http2.Http2FrameWriter");
        var context = kestrel.GetType(Within + "Http2.Http2Stream")?.GetField("_context", Own);
        var writerOfContext = context?.FieldType.GetProperty("FrameWriter", Own)?.GetMethod;
        var headers = fields?.GetConstructor(Own, [typeof(Func<string, Encoding?>)]);
        var writeHeaders = Method(writer, "WriteResponseHeaders");
        var writePing = Method(writer, "WritePingAsync");
        var isKnown = headers is not null && typeof(IHeaderDictionary).IsAssignableFrom(fields) && writerOfContext?.ReturnType == writer
            && writeHeaders?.GetParameters() is [{ ParameterType: var id }, { ParameterType: var status }, { ParameterType.IsEnum: true }, { ParameterType: var said }] && id == typeof(int) && status == typeof(int) && said == fields
            && writePing?.GetParameters() is [{ ParameterType.IsEnum: true }, { ParameterType: var payload }] && payload == typeof(ReadOnlySequence<byte>).MakeByRefType() && writePing.ReturnType == typeof(ValueTask<FlushResult>);
        return isKnown ? new Http2Informational(context!, writerOfContext!, writeHeaders!, writePing!, headers!) : null;
    }

    private static MethodInfo? Method(Type? type, string name) => type?.GetMethods(Own).Where(method => method.Name == name).ToArray() is [var only] ? only : null;
}
