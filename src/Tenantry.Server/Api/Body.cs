using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Tenantry.Server.Api;

/// <summary>
/// A JSON body. It is read when the endpoint is bound and understood when <see cref="Value"/> is asked for, so that filters (audit,
/// idempotency) see a refused body like any other refusal.
/// </summary>
public sealed class Body<T> : IEndpointParameterMetadataProvider
    where T : class
{
    private readonly byte[] bytes;
    private readonly Exception? failure;
    private T? value;

    private Body(byte[] bytes, Exception? failure)
    {
        this.bytes = bytes;
        this.failure = failure;
    }

    /// <summary>What the body says; a body with mistakes throws a <see cref="ProblemException"/>.</summary>
    public T Value => failure is null ? value ??= StrictJson.Read<T>(bytes) : throw failure;

    public static async ValueTask<Body<T>> BindAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        }
        catch (BadHttpRequestException refused)
        {
            return new Body<T>([], refused);
        }

        var read = buffer.ToArray();
        context.Features.Set(new BodyDigest(Convert.ToHexStringLower(SHA256.HashData(read))));
        return new Body<T>(read, null);
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
}

/// <summary>What the body was, for comparing two requests.</summary>
internal sealed record BodyDigest(string Value);
