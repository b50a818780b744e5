using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>
/// Customers from a CSV file (RFC 4180), whose first line names the columns: <c>email</c> and <c>name</c>, and any of <c>tenant</c>, <c>app</c>, <c>target</c>,
/// <c>tier</c>, <c>env</c>, <c>limit</c> and <c>secret-file.NAME</c>. All mistakes are told at once, each with its line.
/// </summary>
internal static class CustomersFile
{
    private const string SecretPrefix = "secret-file.";
    private static readonly string[] Columns = ["email", "name", "tenant", "app", "target", "tier", "instance-type", "env", "organization", "cost-centre", "limit", SecretPrefix + "NAME"];

    public static async Task<IReadOnlyList<Customer>> ReadAsync(Call call, string path, Customer preset)
    {
        string text;
        try
        {
            text = await File.ReadAllTextAsync(call.Host.FullPath(path), call.CancellationToken);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The customers cannot be read from '{path}': {unread.Message}");
        }

        return Read(text, path, preset);
    }

    internal static IReadOnlyList<Customer> Read(string text, string path, Customer preset)
    {
        var errors = new List<ProblemError>();
        var lines = CsvText.Read(text, (line, message) => errors.Add(new ProblemError("", message, path, line, 1)));
        if (lines.Count == 0)
            throw Mistakes(path, [new ProblemError("", "The file is empty; its first line names the columns, such as email,name.", path, 1, 1)]);
        var columns = lines[0].Fields.Select(c => c.Trim().ToLowerInvariant()).ToList();
        CheckColumns(columns, path, errors);
        var customers = new List<Customer>();
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var (line, fields) in lines.Skip(1))
        {
            if (fields.Count != columns.Count)
            {
                errors.Add(new ProblemError("", $"There are {columns.Count} columns, and this line has {fields.Count}.", path, line, 1));
                continue;
            }

            var customer = Customer(columns, fields, preset, path, line, errors);
            if (customer.Email is { } email && !seen.TryAdd($"{email} {customer.Tenant} {customer.App} {customer.Environment}", line))
                errors.Add(new ProblemError("email", $"{email} is on line {seen[$"{email} {customer.Tenant} {customer.App} {customer.Environment}"]} already.", path, line, 1));
            customers.Add(customer);
        }

        return errors.Count == 0 ? customers : throw Mistakes(path, errors);
    }

    private static void CheckColumns(List<string> columns, string path, List<ProblemError> errors)
    {
        foreach (var column in columns.Where(c => !Columns.Contains(c, StringComparer.Ordinal) && !c.StartsWith(SecretPrefix, StringComparison.Ordinal)))
            errors.Add(new ProblemError("", $"There is no column '{column}'; there is {string.Join(", ", Columns)}.{Nearest.Hint(column, Columns)}", path, 1, 1));
        foreach (var twice in columns.GroupBy(c => c, StringComparer.Ordinal).Where(g => g.Count() > 1))
            errors.Add(new ProblemError("", $"The column '{twice.Key}' is there twice.", path, 1, 1));
        foreach (var needed in Columns.Take(2).Where(c => !columns.Contains(c, StringComparer.Ordinal)))
            errors.Add(new ProblemError("", $"The column '{needed}' is missing.", path, 1, 1));
    }

    private static Customer Customer(List<string> columns, IReadOnlyList<string> fields, Customer preset, string path, int line, List<ProblemError> errors)
    {
        var values = columns.Zip(fields).GroupBy(pair => pair.First, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Second.Trim(), StringComparer.Ordinal);
        string? Value(string column, string? otherwise) => values.GetValueOrDefault(column) is { Length: > 0 } value ? value : otherwise;
        void Wrong(string column, string message) => errors.Add(new ProblemError(column, message, path, line, 1));
        var email = Value("email", null);
        if (email is null)
            Wrong("email", "It is empty.");
        else if (EmailText.Problem(email) is { } problem)
            Wrong("email", problem);
        if (Value("name", null) is null)
            Wrong("name", "It is empty.");
        var limit = preset.Limit;
        if (Value("limit", null) is { } written && (limit = CommandOptions.Money(written)) is null)
            Wrong("limit", $"'{written}' is neither cents, such as 500, nor dollars, such as $5.");
        var files = preset.SecretFiles.ToDictionary(StringComparer.Ordinal);
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in columns.Where(c => c.StartsWith(SecretPrefix, StringComparison.Ordinal)))
        {
            if (Value(column, null) is not { } file)
                continue;
            files[column[SecretPrefix.Length..]] = file;
            own.Add(column[SecretPrefix.Length..]);
        }

        return preset with
        {
            Email = email,
            Name = Value("name", null),
            Tenant = Value("tenant", null),
            App = Value("app", preset.App),
            Target = Value("target", preset.Target),
            Tier = Value("tier", Value("instance-type", preset.Tier)),
            Environment = Value("env", preset.Environment),
            Organization = Value("organization", preset.Organization),
            CostCentre = Value("cost-centre", preset.CostCentre),
            Limit = limit,
            SecretFiles = files,
            OwnSecrets = own,
        };
    }

    private static CliException Mistakes(string path, List<ProblemError> errors) =>
        new(ExitCode.Usage, $"{path} has {errors.Count.ToString(CultureInfo.InvariantCulture)} mistake{(errors.Count == 1 ? "" : "s")}. Nothing was changed.", errors: errors);
}
