using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Gateway;

/// <summary>What the gateway itself answers: a page for browsers, a problem for programs. Neither names an inner address, nor what an operator's log says.</summary>
internal static class GatewayPages
{
    public static Task WriteAsync(HttpContext context, GatewayAnswer answer)
    {
        var wantsPage = Preference.IsPage(context);
        var body = Encoding.UTF8.GetBytes(wantsPage ? Page(answer) : Problem(answer));
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = wantsPage ? "text/html; charset=utf-8" : "application/problem+json";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        if (answer.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return context.Request.Method == HttpMethods.Head ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static string Problem(GatewayAnswer answer) => JsonSerializer.Serialize(
        new ProblemResponse
        {
            Type = "urn:tenantry:problem:" + answer.Code,
            Title = answer.Title,
            Status = answer.Status,
            Detail = answer.Detail,
            Code = answer.Code,
        },
        WireJson.Options);

    private static string Page(GatewayAnswer answer) => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        {{(answer.RetryAfterSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"<meta http-equiv=\"refresh\" content=\"{seconds}\">") : "")}}
        <title>{{WebUtility.HtmlEncode(answer.Title)}}</title>
        <style>
        :root { color-scheme: light dark }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem }
        h1 { font-size: 1.4rem }
        p { opacity: .8 }
        </style>
        </head>
        <body>
        <h1>{{WebUtility.HtmlEncode(answer.Title)}}</h1>
        <p>{{WebUtility.HtmlEncode(answer.Detail)}}</p>
        </body>
        </html>

        """;
}
