using System.Net;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>The control plane refused or failed: its problem, whole. The message is the sentence for a person.</summary>
public sealed class TenantryException : Exception
{
    /// <summary>Makes one.</summary>
    public TenantryException(HttpStatusCode status, ProblemResponse problem)
        : base(problem.Detail.Length > 0 ? problem.Detail : problem.Title)
    {
        Status = status;
        Problem = problem;
    }

    /// <summary>The answer's status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The problem as it was sent. For an answer that was none (a proxy's page, say), made from its status and first line.</summary>
    public ProblemResponse Problem { get; }

    /// <summary>One of <see cref="ProblemCodes"/>, or empty for an answer that was no problem.</summary>
    public string Code => Problem.Code;

    /// <summary>Every mistake in the request; empty when there is nothing to list.</summary>
    public IReadOnlyList<ProblemError> Errors => Problem.Errors ?? [];
}

/// <summary>Nothing answers at the address, or the connection broke before the answer was whole. Whether the request was carried out is not known.</summary>
public sealed class TenantryUnavailableException : Exception
{
    /// <summary>Makes one.</summary>
    public TenantryUnavailableException(TenantryAddress address, Exception cause)
        : base($"No answer from {address}: {cause.GetBaseException().Message}", cause) => Address = address;

    /// <summary>Where an answer was awaited.</summary>
    public TenantryAddress Address { get; }

    /// <summary>True when no connection could be made, so that nothing can have happened.</summary>
    public bool NotConnected => InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
}
