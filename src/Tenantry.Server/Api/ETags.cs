using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>Versions as entity tags, and what a change says about the version that it expects.</summary>
internal static class ETags
{
    public static void Set(HttpContext context, long version) => context.Response.Headers.ETag = Of(version);

    /// <summary>The change must say which version it expects.</summary>
    public static void Require(HttpContext context, string subject, long version)
    {
        if (context.Request.Headers.IfMatch.Count == 0)
            throw new ProblemException(
                StatusCodes.Status428PreconditionRequired,
                ProblemCodes.PreconditionRequired,
                $"Say which version of {subject} is meant: If-Match: {Of(version)} is the present one, If-Match: * takes any.");
        Check(context, subject, version);
    }

    /// <summary>The change may say which version it expects.</summary>
    public static void Check(HttpContext context, string subject, long version)
    {
        if (context.Request.Headers.IfMatch.Count == 0)
            return;
        if (!EntityTagHeaderValue.TryParseList(context.Request.Headers.IfMatch, out var expected))
            throw ProblemException.BadRequest("If-Match is not a list of entity tags, such as \"3\".");
        if (!expected.Any(tag => tag.Tag == "*" || (!tag.IsWeak && tag.Tag == Of(version))))
            throw new ProblemException(
                StatusCodes.Status412PreconditionFailed,
                ProblemCodes.PreconditionFailed,
                $"{Capitalized(subject)} has changed: its version is {version} now, and the request expects {string.Join(", ", expected.Select(tag => tag.ToString()))}. Read it again.");
    }

    private static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    private static string Capitalized(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
