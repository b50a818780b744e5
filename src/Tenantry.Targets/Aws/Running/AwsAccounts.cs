using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>An account for each client, through Organizations: found by its name, made when there is none, entered by assuming a role.</summary>
internal sealed class AwsAccounts(AwsHost host)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What the account of a tenant is called.</summary>
    internal string Name(string tenant) => $"{host.Options.Project}-{tenant}";

    /// <summary>The role by which an account is entered.</summary>
    internal string RoleArn(string accountId) => $"arn:aws:iam::{accountId}:role/{host.Options.AccountRole}";

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
        if (await FindAsync(name, cancellationToken) is { } present)
            return present;
        var email = host.Options.AccountEmail!.Replace("{tenant}", tenant, StringComparison.Ordinal);
        var asked = await host.Aws.JsonAsync(
            AwsService.Organizations,
            "CreateAccount",
            new { AccountName = name, Email = email, RoleName = host.Options.AccountRole, Tags = new[] { new { Key = "ManagedBy", Value = "Tenantry" }, new { Key = "Client", Value = tenant } } },
            cancellationToken);
        var status = asked.GetProperty("CreateAccountStatus");
        var begin = host.Time.GetTimestamp();
        while (status.GetProperty("State").GetString() != "SUCCEEDED")
        {
            if (status.GetProperty("State").GetString() == "FAILED")
                throw Failed(name, email, status.TryGetProperty("FailureReason", out var reason) ? reason.GetString() : null);
            if (host.Time.GetElapsedTime(begin) > Patience)
                throw new TargetException($"AWS has been making the account {name} for {Patience.TotalMinutes:0} minutes.", retryable: true, AwsNames.Account(name));
            progress("AWS is making it");
            await Task.Delay(TimeSpan.FromSeconds(5), host.Time, cancellationToken);
            var answer = await host.Aws.JsonAsync(AwsService.Organizations, "DescribeCreateAccountStatus", new { CreateAccountRequestId = status.GetProperty("Id").GetString() }, cancellationToken);
            status = answer.GetProperty("CreateAccountStatus");
        }

        return status.GetProperty("AccountId").GetString()!;
    }

    private static TargetException Failed(string name, string email, string? reason) => reason switch
    {
        "EMAIL_ALREADY_EXISTS" => new TargetException($"The address {email} belongs to another account of AWS.", retryable: false, AwsNames.Account(name), "Change the option account-email."),
        "ACCOUNT_LIMIT_EXCEEDED" => new TargetException("The organization may have no more accounts.", retryable: false, AwsNames.Account(name), "Ask AWS for a higher quota (Service Quotas, AWS Organizations)."),
        _ => new TargetException($"AWS did not make the account: {reason ?? "it gave no reason"}.", retryable: reason is "INTERNAL_FAILURE" or "CONCURRENT_ACCOUNT_MODIFICATION", AwsNames.Account(name)),
    };
}
