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
        if (!expected.Any(tag => Names(tag, version)))
            throw new ProblemException(
                StatusCodes.Status412PreconditionFailed,
                ProblemCodes.PreconditionFailed,
                $"{Capitalized(subject)} has changed: its version is {version} now, and the request expects {string.Join(", ", expected.Select(tag => tag.ToString()))}. Read it again.");
    }

    /// <summary>The tag of one answer about a version, from the version's own tag.</summary>
    public static string Of(string version, string answer) => $"{version[..^1]}.{answer}\"";

    /// <summary>True when the caller has the answer of that tag (RFC 9110, 13.1.2).</summary>
    public static bool IsKnown(HttpContext context, string tag)
    {
        if (context.Request.Headers.IfNoneMatch.Count == 0)
            return false;
        if (!EntityTagHeaderValue.TryParseList(context.Request.Headers.IfNoneMatch, out var known))
            throw ProblemException.BadRequest("If-None-Match is not a list of entity tags, such as \"3\".");
        return known.Any(one => one.Tag == "*" || one.Tag == tag);
    }

    // What a GET says names the answer too; a change only asks for the version.
    private static bool Names(EntityTagHeaderValue tag, long version) =>
        tag.Tag == "*" || (!tag.IsWeak && (tag.Tag == Of(version) || tag.Tag.StartsWith(Of(version)[..^1] + ".", StringComparison.Ordinal)));

    private static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    private static string Capitalized(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
