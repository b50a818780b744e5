using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Tenantry.Server.Gateway;

/// <summary>OPTIONS and TRACE that say how far they want to come (RFC 9110 7.6.2).</summary>
internal static class MaxForwards
{
    public const string Name = "Max-Forwards";
    private const int Most = 999_999_999;

    public static bool IsCounted(string method) => method is "OPTIONS" or "TRACE";

    /// <summary>What the next one on the way is told. What is no number is no business of this gateway.</summary>
    public static StringValues Next(StringValues value) =>
        Read(value) is > 0 and var left ? (left - 1).ToString(CultureInfo.InvariantCulture) : value;

    /// <summary>The request is to come no further than here.</summary>
    public static bool AreOver(HttpContext context) => IsCounted(context.Request.Method) && Read(context.Request.Headers.MaxForwards) == 0;

    /// <summary>As the last one on the way, which allows whatever the instance allows, and says nothing back that the client may not know it has sent.</summary>
    public static Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Method != HttpMethods.Options)
            return GatewayPages.WriteAsync(context, GatewayAnswer.NotTraced);
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static int? Read(StringValues value) =>
        value is not [{ Length: > 0 } digits] || digits.AsSpan().ContainsAnyExceptInRange('0', '9') ? null
        : digits.Length > 9 ? Most
        : int.Parse(digits, CultureInfo.InvariantCulture);
}
