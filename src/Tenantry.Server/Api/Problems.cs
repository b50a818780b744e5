using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Wire;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Api;

/// <summary>Everything that is not a success leaves as an RFC 9457 problem: what endpoints throw, and what routing refuses.</summary>
public sealed class Problems(ILogger<Problems> log) : IMiddleware
{
    private const string ContentType = "application/problem+json";

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentType is null)
                await WriteAsync(context, OfStatus(context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            log.LogDebug("{Method} {Path} was given up by its caller", context.Request.Method, LogPath.Of(context));
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            var problem = Of(failure);
            if (problem.Status >= 500)
                log.LogError(failure, "{Method} {Path} failed ({RequestId})", context.Request.Method, LogPath.Of(context), context.TraceIdentifier);
            context.Response.Clear();
            await WriteAsync(context, problem);
        }
        catch (Exception failure)
        {
            // The answer has begun: cutting the connection is the only way to say that it is not whole.
            log.LogError(failure, "{Method} {Path} failed in the middle of its answer ({RequestId})", context.Request.Method, LogPath.Of(context), context.TraceIdentifier);
            context.Abort();
        }
    }

    /// <summary>The problem that tells of a failure. The sentences of unexpected ones stay in the log.</summary>
    public static ProblemResponse Of(Exception failure) => failure switch
    {
        ProblemException problem => New(problem.Status, problem.Code, problem.Message, problem.Errors),
        QuotaExceededException => New(StatusCodes.Status409Conflict, ProblemCodes.QuotaExceeded, failure.Message),
        StoreConflictException => New(StatusCodes.Status409Conflict, ProblemCodes.Conflict, failure.Message),
        StoreUnavailableException => New(StatusCodes.Status503ServiceUnavailable, ProblemCodes.StoreUnavailable, failure.Message),
        // Callers who left are told nothing; what else gives up in the middle is the server that stops.
        OperationCanceledException or ObjectDisposedException => New(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Stopping, "The server stops. Ask again in a moment."),
        EngineUnavailableException => New(StatusCodes.Status503ServiceUnavailable, ProblemCodes.EngineUnavailable, failure.Message),
        TargetException { Fault: TargetFault.Input } refused =>
            New(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Invalid, refused.Sentence, [new ProblemError("", refused.Sentence)]),
        TargetException { Fault: TargetFault.Space } full => New(StatusCodes.Status507InsufficientStorage, ProblemCodes.NoSpace, full.Sentence),
        TargetException { Fault: TargetFault.Content } content => New(StatusCodes.Status500InternalServerError, ProblemCodes.TargetFailed, content.Sentence),
        TargetException target => New(StatusCodes.Status502BadGateway, ProblemCodes.TargetFailed, target.Sentence),
        KeyNotFoundException => New(StatusCodes.Status404NotFound, ProblemCodes.NotFound, failure.Message),
        NotSupportedException => New(StatusCodes.Status501NotImplemented, ProblemCodes.NotSupported, failure.Message),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            New(StatusCodes.Status413PayloadTooLarge, ProblemCodes.TooLarge, "The body is larger than this resource takes."),
        ArgumentException { ParamName: "page" } => New(StatusCodes.Status400BadRequest, ProblemCodes.BadRequest, "The cursor is not one that a part of this list ended with."),
        BadHttpRequestException bad => New(bad.StatusCode, ProblemCodes.BadRequest, bad.Message),
        _ => New(StatusCodes.Status500InternalServerError, ProblemCodes.Internal, "The server failed. Its log tells why, under the request's id."),
    };

    public static Task WriteAsync(HttpContext context, ProblemResponse problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ContentType;
        if (problem.Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
            context.Response.Headers.RetryAfter = "1";
        if (problem.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        var body = JsonSerializer.SerializeToUtf8Bytes(problem with { RequestId = context.TraceIdentifier }, WireJson.Options);
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static ProblemResponse OfStatus(HttpContext context)
    {
        var request = $"{context.Request.Method} {context.Request.Path}";
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => New(404, ProblemCodes.NotFound, $"There is nothing at {request}. What there is: /openapi/v1.json."),
            StatusCodes.Status405MethodNotAllowed =>
                New(405, ProblemCodes.MethodNotAllowed, $"{request} is not possible; allowed: {context.Response.Headers.Allow}."),
            StatusCodes.Status413PayloadTooLarge => New(413, ProblemCodes.TooLarge, "The body is larger than this resource takes."),
            StatusCodes.Status415UnsupportedMediaType => New(415, ProblemCodes.UnsupportedMediaType, $"{request} takes another Content-Type than '{context.Request.ContentType}'."),
            var status => New(status, ProblemCodes.BadRequest, $"{request} was refused."),
        };
    }

    private static ProblemResponse New(int status, string code, string detail, IReadOnlyList<ProblemError>? errors = null) => new()
    {
        Type = "urn:tenantry:problem:" + code,
        Title = Title(code),
        Status = status,
        Detail = detail,
        Code = code,
        Errors = errors,
    };

    private static string Title(string code) => code switch
    {
        ProblemCodes.Unauthorized => "No valid token",
        ProblemCodes.Forbidden => "Not allowed here",
        ProblemCodes.NotFound => "Not found",
        ProblemCodes.MethodNotAllowed => "Not possible on this resource",
        ProblemCodes.Conflict => "In the way of something else",
        ProblemCodes.QuotaExceeded => "More than the quota",
        ProblemCodes.PreconditionFailed => "Changed in between",
        ProblemCodes.PreconditionRequired => "If-Match is needed",
        ProblemCodes.TooLarge => "Too large",
        ProblemCodes.UnsupportedMediaType => "Not this kind of content",
        ProblemCodes.Invalid => "Mistakes in the request",
        ProblemCodes.IdempotencyKeyReused => "The idempotency key belongs to another request",
        ProblemCodes.NotSupported => "The target cannot do that",
        ProblemCodes.TargetFailed => "The target failed",
        ProblemCodes.NoSpace => "No room for it",
        ProblemCodes.EngineUnavailable => "The engine does not answer",
        ProblemCodes.StoreUnavailable => "The database does not answer",
        ProblemCodes.Stopping => "The server stops",
        ProblemCodes.TimedOut => "Took too long",
        ProblemCodes.TooManyRequests => "Too many at once",
        ProblemCodes.Internal => "The server failed",
        _ => "The request is not understood",
    };
}
