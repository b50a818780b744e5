using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Status and headers on their way back.</summary>
internal static class AnswerHead
{
    private static readonly FrozenSet<string> OfOneConnection = new[]
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void Copy(HttpResponseMessage answer, HttpContext context)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = answer.ReasonPhrase;
        var headers = context.Response.Headers;
        var listed = answer.Headers.NonValidated.TryGetValues("Connection", out var connection) ? HopByHop.Listed(Values(connection)) : null;
        Copy(answer.Headers.NonValidated, headers, listed);
        Copy(answer.Content.Headers.NonValidated, headers, listed);
        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.SwitchingProtocols)
            headers.ContentLength = null;
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, string[]? listed)
    {
        foreach (var (name, values) in from)
        {
            if (!OfOneConnection.Contains(name) && !HopByHop.Contains(listed, name))
                to.Append(name, Values(values));
        }
    }

    private static StringValues Values(HeaderStringValues values) => values.Count == 1 ? values.ToString() : new StringValues([.. values]);
}
