using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>
/// Answers to GET that have a version: their entity tag says that version and what was answered, since a status changes more often than a version; who has that
/// answer already (<c>If-None-Match</c>) gets 304 without it.
/// </summary>
internal static class ConditionalReads
{
    private const int Shown = 12;

    public static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        var http = context.HttpContext;
        if (!HttpMethods.IsGet(http.Request.Method) || http.Response.Headers.ETag.ToString() is not { Length: > 0 } version)
            return result;
        var whole = result;
        while (whole is INestedHttpResult nested)
            whole = nested.Result;
        if (whole is not IValueHttpResult { Value: { } value })
            return result;
        var digest = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options.GetTypeInfo(value.GetType())));
        var tag = ETags.Of(version, Convert.ToHexStringLower(digest)[..Shown]);
        http.Response.Headers.ETag = tag;
        return ETags.IsKnown(http, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : result;
    }
}
