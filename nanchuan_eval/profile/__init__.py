"""The profile (机构信息) of the district that runs the site."""
