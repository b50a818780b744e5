using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;

namespace Tenantry.Server.Api;

/// <summary>A request that changes something: who asks, whether it is only tried, and what the audit will say of it.</summary>
public sealed class Change
{
    private readonly HttpContext context;

    private Change(HttpContext context, bool isDryRun)
    {
        this.context = context;
        IsDryRun = isDryRun;
    }

    /// <summary><c>?dryRun=true</c>: everything is checked and nothing is written.</summary>
    public bool IsDryRun { get; }

    /// <summary>Who asks.</summary>
    public Caller Caller => Caller.Of(context);

    /// <summary>A token's name, or <c>local</c> for the socket's user.</summary>
    public string Actor => Caller.Name;

    public string RequestId => context.TraceIdentifier;

    /// <summary>What was changed, such as <c>instance alice</c>; the path until the endpoint knows better.</summary>
    public string Subject { get; set; } = "";

    /// <summary>What the audit adds; never a secret.</summary>
    public string Detail { get; set; } = "";

    /// <summary>Whose thing is changed, for the audit: what the path names belongs to it, until the endpoint knows better. Empty: nobody's but the platform's.</summary>
    public string Organization
    {
        get => ConcernedOrganization.Of(context);
        set => ConcernedOrganization.Set(context, value);
    }

    /// <summary>What was so before and is to be so, for the audit; never a secret.</summary>
    public IReadOnlyList<ChangeResponse> Changes { get; set; } = [];

    /// <summary>Writes to the audit that the change begins. Set by the filter.</summary>
    internal Func<Task> Begun { get; set; } = () => Task.CompletedTask;

    /// <summary>
    /// For a change outside of the store, which cannot be one transaction with its audit row: called before anything is changed, so that whatever happens then has
    /// left a row. What it came to is another one.
    /// </summary>
    public Task BeginOutsideAsync() => Begun();

    /// <summary>The change that this request is; the same object for the filter and the endpoint.</summary>
    public static ValueTask<Change> BindAsync(HttpContext context)
    {
        var change = context.Features.Get<Change>();
        if (change is null)
        {
            change = new Change(context, ReadDryRun(context)) { Subject = context.Request.Path };
            context.Features.Set(change);
        }

        return ValueTask.FromResult(change);
    }

    /// <summary>Refuses when the request names another version than the present one.</summary>
    public void Expect(string subject, long version) => ETags.Check(context, subject, version);

    /// <summary>Refuses when the request names no version, or another one than the present one.</summary>
    public void RequireVersion(string subject, long version) => ETags.Require(context, subject, version);

    /// <summary>True when the request names the version that it expects.</summary>
    public bool NamesVersion => context.Request.Headers.IfMatch.Count > 0;

    /// <summary>Whether a request of any kind says that it is only tried.</summary>
    internal static bool IsPreview(HttpContext context) => context.Request.Query["dryRun"] == "true";

    private static bool ReadDryRun(HttpContext context) => context.Request.Query["dryRun"] switch
    {
        { Count: 0 } => false,
        ["true"] => true,
        ["false"] => false,
        _ => throw ProblemException.Invalid("dryRun", "true or false is expected."),
    };
}

/// <summary>Answers of a dry run that reach no target.</summary>
internal static class DryRun
{
    public static PlanResponse Of(params IReadOnlyList<ChangeResponse> changes) => new(changes, [], null, []);
}
