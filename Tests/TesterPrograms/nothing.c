/* Does nothing, fast: /bin/true without the dynamic loader. */
int main(void)
{
    return 0;
}
