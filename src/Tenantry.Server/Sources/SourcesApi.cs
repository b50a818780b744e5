using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Sources;

/// <summary>Input files of builds, by their digest.</summary>
internal static class SourcesApi
{
    private const string Tar = "application/x-tar";

    public static void MapSources(this IEndpointRouteBuilder routes)
    {
        var sources = routes.MapGroup("/sources").WithTags("Apps");
        sources.MapMethods("/{digest}", [HttpMethods.Head], Look);
        sources.MapPut("/{digest}", PutAsync).Changes("source.put").BodyUpTo(SourceArchive.MostBytes).Accepts<Stream>(Tar);
    }

    private static Results<Ok, NotFound> Look(string digest, SourceUploads uploads) =>
        SourceUploads.IsDigest(digest) && uploads.Has(digest) ? TypedResults.Ok() : TypedResults.NotFound();

    private static async Task<Results<Created, NoContent, Ok<PlanResponse>>> PutAsync(
        string digest, Change change, SourceUploads uploads, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = $"source {digest}";
        if (!SourceUploads.IsDigest(digest))
            throw ProblemException.Invalid("digest", "'sha256:' and 64 hexadecimal digits are expected.");
        if (change.IsDryRun)
            return TypedResults.Ok(uploads.Has(digest) ? DryRun.Of() : DryRun.Of(new ChangeResponse(change.Subject, "", null, digest)));
        if (uploads.Has(digest))
            return TypedResults.NoContent();
        try
        {
            await uploads.PutAsync(digest, context.Request.Body, cancellationToken);
        }
        catch (SourceArchiveException refused)
        {
            throw ProblemException.Invalid("", refused.Message);
        }

        return TypedResults.Created($"/v1/sources/{digest}");
    }
}
