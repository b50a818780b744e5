using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>A request that is not answered with a success. Thrown anywhere below an endpoint; <see cref="Problems"/> turns it into the answer.</summary>
public sealed class ProblemException(int status, string code, string detail, IReadOnlyList<ProblemError>? errors = null) : Exception(detail)
{
    public int Status => status;

    public string Code => code;

    public IReadOnlyList<ProblemError>? Errors => errors;

    /// <summary>For the audit alone: why somebody who may not know of it is told that it is not there; null: it is told to nobody.</summary>
    internal string? Denied { get; private init; }

    /// <summary>For the audit alone: whose credential was shown that lets nobody in any more; null: not known.</summary>
    internal string? Actor { get; init; }

    /// <summary>Something named in the path or the body does not exist.</summary>
    public static ProblemException NotFound(string kind, string name, string? path = null) => new(
        StatusCodes.Status404NotFound,
        ProblemCodes.NotFound,
        $"There is no {kind} '{name}'.",
        path is null ? null : [new ProblemError(path, $"There is no {kind} '{name}'.")]);

    /// <summary>The same of what is there and another organization's: the answer is that of <see cref="NotFound"/>, the audit tells whose it is.</summary>
    internal static ProblemException Foreign(string kind, string name, string organization, string? path) => new(
        StatusCodes.Status404NotFound, ProblemCodes.NotFound, NotFound(kind, name).Message, NotFound(kind, name, path).Errors)
    {
        Denied = $"The {kind} '{name}' belongs to the organization '{organization}'.",
    };

    public static ProblemException Conflict(string detail) => new(StatusCodes.Status409Conflict, ProblemCodes.Conflict, detail);

    /// <summary>A name that somebody else has.</summary>
    public static ProblemException Taken(string path, string detail) => new(StatusCodes.Status409Conflict, ProblemCodes.Conflict, detail, [new ProblemError(path, detail)]);

    public static ProblemException BadRequest(string detail) => new(StatusCodes.Status400BadRequest, ProblemCodes.BadRequest, detail);

    public static ProblemException Forbidden(string detail) => new(StatusCodes.Status403Forbidden, ProblemCodes.Forbidden, detail);

    /// <summary>More at once than is answered.</summary>
    public static ProblemException TooMany(string detail) => new(StatusCodes.Status429TooManyRequests, ProblemCodes.TooManyRequests, detail);

    /// <summary>One mistake.</summary>
    public static ProblemException Invalid(string path, string message) => Invalid([new ProblemError(path, message)]);

    /// <summary>Every mistake.</summary>
    public static ProblemException Invalid(IReadOnlyList<ProblemError> errors) => new(
        StatusCodes.Status422UnprocessableEntity,
        ProblemCodes.Invalid,
        errors.Count == 1 ? Sentence(errors[0]) : $"The request has {errors.Count} mistakes; the first: {Sentence(errors[0])}",
        errors);

    private static string Sentence(ProblemError error) => error.File is null
        ? error.Path.Length == 0 ? error.Message : $"{error.Path}: {error.Message}"
        : $"{error.File}:{error.Line}:{error.Column}: {(error.Path.Length == 0 ? "" : error.Path + ": ")}{error.Message}";
}
