using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>An account for each client, through Organizations: found by its name, made when there is none, entered by assuming a role.</summary>
internal sealed class AwsAccounts(AwsHost host, TimeSpan? pause = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly TimeSpan _pause = pause ?? TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>What the account of a tenant is called.</summary>
    internal string Name(string tenant) => $"{host.Options.Project}-{tenant}";

    /// <summary>The role by which an account is entered.</summary>
    internal string RoleArn(string accountId) => AwsNames.Role(accountId, host.Options);

    /// <summary>Id of the account of that name, or null.</summary>
    internal async Task<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var body = next is null ? new Dictionary<string, string>(StringComparer.Ordinal) : new() { ["NextToken"] = next };
            var answer = await host.Aws.JsonAsync(AwsService.Organizations, "ListAccounts", body, cancellationToken);
            foreach (var account in answer.GetProperty("Accounts").EnumerateArray())
            {
                if (account.GetProperty("Name").GetString() == name && account.GetProperty("Status").GetString() == "ACTIVE")
                    return account.GetProperty("Id").GetString();
            }

            next = answer.TryGetProperty("NextToken", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString() : null;
        }
        while (next is { Length: > 0 });
        return null;
    }

    /// <summary>Id of the account of that name, made when there is none: AWS takes minutes for one.</summary>
    internal async Task<string> EnsureAsync(string tenant, Action<string> progress, CancellationToken cancellationToken)
    {
        var name = Name(tenant);
        var email = host.Options.AccountEmail!.Replace("{tenant}", tenant, StringComparison.Ordinal);
        JsonElement status;
        // Two instances of one tenant may be made at once.
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (await FindAsync(name, cancellationToken) is { } present)
                return await EnterAsync(present, name, progress, cancellationToken);
            status = await FindBegunAsync(name, cancellationToken) ?? await BeginAsync(name, email, tenant, cancellationToken);
        }
        finally
        {
            _one.Release();
        }

        var begin = host.Time.GetTimestamp();
        while (status.GetProperty("State").GetString() != "SUCCEEDED")
        {
            if (status.GetProperty("State").GetString() == "FAILED")
                return await FindAsync(name, cancellationToken) ?? throw Failed(name, email, status.TryGetProperty("FailureReason", out var reason) ? reason.GetString() : null);
            if (host.Time.GetElapsedTime(begin) > Patience)
                throw new TargetException($"AWS has been making the account {name} for {Patience.TotalMinutes:0} minutes.", retryable: true, AwsNames.Account(name));
            progress("AWS is making it");
            await Task.Delay(_pause, host.Time, cancellationToken);
            var answer = await host.Aws.JsonAsync(AwsService.Organizations, "DescribeCreateAccountStatus", new { CreateAccountRequestId = status.GetProperty("Id").GetString() }, cancellationToken);
            status = answer.GetProperty("CreateAccountStatus");
        }

        var made = status.GetProperty("AccountId").GetString()!;
        return await EnterAsync(made, name, progress, cancellationToken);
    }

    // An account that is just made lets nobody in for some minutes, whom it will let in.
    private async Task<string> EnterAsync(string id, string name, Action<string> progress, CancellationToken cancellationToken)
    {
        var begin = host.Time.GetTimestamp();
        while (true)
        {
            try
            {
                await host.AwsOf(RoleArn(id)).QueryAsync(AwsService.Sts, "GetCallerIdentity", new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
                return id;
            }
            catch (AwsException error) when (IsNotYet(error))
            {
                if (host.Time.GetElapsedTime(begin) > Patience)
                    throw new TargetException($"The account {name} ({id}) is there and has let nobody in for {Patience.TotalMinutes:0} minutes: {error.Message.TrimEnd('.')}.", retryable: true, AwsNames.Account(name), $"Look whether it has the role {host.Options.AccountRole}, and whether the credentials may assume it (sts:AssumeRole).", error);
                progress("AWS is making it");
                await Task.Delay(_pause, host.Time, cancellationToken);
            }
        }
    }

    /// <summary>False while an account that is just made lets nobody in.</summary>
    internal async Task<bool> IsOpenAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await host.AwsOf(RoleArn(id)).QueryAsync(AwsService.Sts, "GetCallerIdentity", new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
            return true;
        }
        catch (AwsException error) when (IsNotYet(error))
        {
            return false;
        }
    }

    /// <summary>True for what AWS answers to whoever enters an account that is not ready.</summary>
    internal static bool IsNotYet(AwsException error) => error.Code is "AccessDenied" or "InvalidClientTokenId" or "OptInRequired" or "SubscriptionRequiredException";

    // Another engine began it, or this one before it was started again.
    private async Task<JsonElement?> FindBegunAsync(string name, CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var body = new Dictionary<string, object>(StringComparer.Ordinal) { ["States"] = new[] { "IN_PROGRESS" } };
            if (next is not null)
                body["NextToken"] = next;
            var answer = await host.Aws.JsonAsync(AwsService.Organizations, "ListCreateAccountStatus", body, cancellationToken);
            foreach (var status in answer.GetProperty("CreateAccountStatuses").EnumerateArray())
            {
                if (status.TryGetProperty("AccountName", out var its) && its.GetString() == name)
                    return status;
            }

            next = answer.TryGetProperty("NextToken", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString() : null;
        }
        while (next is { Length: > 0 });
        return null;
    }

    private async Task<JsonElement> BeginAsync(string name, string email, string tenant, CancellationToken cancellationToken)
    {
        var tags = new[] { new { Key = "ManagedBy", Value = "Tenantry" }, new { Key = "Client", Value = tenant } };
        var asked = await host.Aws.JsonAsync(AwsService.Organizations, "CreateAccount", new { AccountName = name, Email = email, RoleName = host.Options.AccountRole, Tags = tags }, cancellationToken);
        return asked.GetProperty("CreateAccountStatus");
    }

    private static TargetException Failed(string name, string email, string? reason) => reason switch
    {
        "EMAIL_ALREADY_EXISTS" => new TargetException($"The address {email} belongs to another account of AWS.", retryable: false, AwsNames.Account(name), "Change the option account-email."),
        "ACCOUNT_LIMIT_EXCEEDED" => new TargetException("The organization may have no more accounts.", retryable: false, AwsNames.Account(name), "Ask AWS for a higher quota (Service Quotas, AWS Organizations)."),
        _ => new TargetException($"AWS did not make the account: {reason ?? "it gave no reason"}.", retryable: reason is "INTERNAL_FAILURE" or "CONCURRENT_ACCOUNT_MODIFICATION", AwsNames.Account(name)),
    };
}
